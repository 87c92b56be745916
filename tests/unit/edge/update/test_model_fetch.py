"""However a fetch is broken, it ends with the bytes that were signed, or with a refusal."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from contract.keys import model_key
from contract.update import ModelFile
from edge.update.model_fetch import GIVE_UP_S, INCOMING, SLOWEST_BYTES_PER_S, fetch
from imaging.manifest import ModelError
from objectstore.store import ObjectPart, TransientStoreError
from objectstore.store_dir import DirectoryStore
from tests.fakes import ManualClock

BODY = secrets.token_bytes(1_000)
FILE = ModelFile(name="m.tflite", sha256=hashlib.sha256(BODY).hexdigest(), bytes=len(BODY))
KEY = model_key(FILE.sha256)


class Cutting(DirectoryStore):
    """Each answer in turn brings so many bytes, then breaks off; None brings all."""

    def __init__(self, root: Path, cuts: list[int | None]) -> None:
        super().__init__(root)
        self._cuts = iter(cuts)
        self.begun: list[int] = []
        self.brought = 0

    @override
    @contextmanager
    def read_from(self, key: str, begin: int, etag: str) -> Iterator[ObjectPart]:
        with super().read_from(key, begin, etag) as part:
            self.begun.append(part.begin)
            yield replace(part, chunks=self._cut(part, next(self._cuts, None)))

    def _cut(self, part: ObjectPart, most: int | None) -> Iterator[bytes]:
        body = b"".join(part.chunks)
        for begin in range(0, len(body) if most is None else min(most, len(body)), 100):
            chunk = body[begin : begin + 100] if most is None else body[begin:most][:100]
            self.brought += len(chunk)
            yield chunk
        if most is not None and most < len(body):
            raise TransientStoreError("broke off")


class Killed(BaseException):
    """As if the process had ended there."""


class Killing(ManualClock):
    """Its process is killed instead of waiting."""

    @override
    def wait(self, event: object, seconds: float) -> bool:
        raise Killed


def of(store: DirectoryStore, body: bytes = BODY) -> None:
    store.replace(KEY, body, "")


def test_after_each_break_only_the_rest_is_asked_for(tmp_path: Path) -> None:
    store, clock = Cutting(tmp_path / "store", [300, 0, 450]), ManualClock()
    of(store)
    fetch(store, FILE, tmp_path, clock)
    assert (tmp_path / FILE.name).read_bytes() == BODY
    assert store.begun == [0, 300, 300, 750]
    assert store.brought == len(BODY)
    assert list((tmp_path / INCOMING).iterdir()) == []
    assert clock.waits == [10.0] * 3


def test_after_a_kill_as_well(tmp_path: Path) -> None:
    store = Cutting(tmp_path / "store", [300, 300])
    of(store)
    for _ in range(2):
        with pytest.raises(Killed):
            fetch(store, FILE, tmp_path, Killing())
    fetch(store, FILE, tmp_path, Killing())
    assert (tmp_path / FILE.name).read_bytes() == BODY
    assert store.brought == len(BODY)


def test_an_object_that_was_changed_in_between_is_never_mixed(tmp_path: Path) -> None:
    store = Cutting(tmp_path / "store", [300, None])
    of(store, bytes(len(BODY)))
    with pytest.raises(Killed):
        fetch(store, FILE, tmp_path, Killing())
    of(store)
    fetch(store, FILE, tmp_path, Killing())
    assert store.begun == [0, 0]
    assert (tmp_path / FILE.name).read_bytes() == BODY


def test_what_is_torn_by_a_power_cut_is_fetched_again_in_one(tmp_path: Path) -> None:
    store = Cutting(tmp_path / "store", [300])
    of(store)
    with pytest.raises(Killed):
        fetch(store, FILE, tmp_path, Killing())
    torn = tmp_path / INCOMING / FILE.sha256
    torn.write_bytes(bytes(len(torn.read_bytes())))
    fetch(store, FILE, tmp_path, Killing())
    assert store.begun == [0, 300, 0]
    assert (tmp_path / FILE.name).read_bytes() == BODY


@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b"x", bytes(len(BODY))])
def test_another_object_is_refused_at_once(tmp_path: Path, body: bytes) -> None:
    store = Cutting(tmp_path / "store", [])
    of(store, body)
    with pytest.raises(ModelError, match="not the file that was signed"):
        fetch(store, FILE, tmp_path, Killing())
    assert not (tmp_path / FILE.name).exists()
    assert len(store.begun) == 1


class Endless(DirectoryStore):
    """Says nothing of its size, and does not stop."""

    @override
    @contextmanager
    def read_from(self, key: str, begin: int, etag: str) -> Iterator[ObjectPart]:
        yield ObjectPart(begin=0, size=None, etag="", chunks=itertools.repeat(b"x" * 100))


def test_an_answer_without_end_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not the file that was signed"):
        fetch(Endless(tmp_path / "store"), FILE, tmp_path, Killing())
    assert (tmp_path / INCOMING / FILE.sha256).stat().st_size <= FILE.bytes


def test_a_silent_store_is_given_up_and_a_slow_one_later(tmp_path: Path) -> None:
    silent, clock = Cutting(tmp_path / "store", [0] * 100_000), ManualClock()
    of(silent)
    with pytest.raises(TransientStoreError):
        fetch(silent, FILE, tmp_path, clock)
    assert sum(clock.waits) == pytest.approx(GIVE_UP_S, abs=10)
    large = secrets.token_bytes(900_000)
    sha256 = hashlib.sha256(large).hexdigest()
    file = ModelFile(name="large", sha256=sha256, bytes=len(large))
    slow, clock = Cutting(tmp_path / "store", [2_000 * 10] * 45), ManualClock()
    slow.replace(model_key(sha256), large, "")
    fetch(slow, file, tmp_path, clock)
    none = Cutting(tmp_path / "store", [1] * 100_000)
    clock = ManualClock()
    other = ModelFile(name="other", sha256=sha256, bytes=len(large))
    with pytest.raises(TransientStoreError):
        fetch(none, other, tmp_path, clock)
    assert sum(clock.waits) < GIVE_UP_S + 300 / SLOWEST_BYTES_PER_S + 20


ODD = {"no text": b"\xff", "header": b'"x"\r\nX: y', "zeros": bytes(34), "empty": b""}
"""What may stand where the object's name is kept."""

STEPS = st.lists(
    st.one_of(
        st.integers(0, 1_100),  # an answer of so many bytes, then the process is killed
        st.sampled_from(["other", "right", "torn", "longer", "no name", *ODD]),
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_happens_in_between_it_is_what_was_signed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int | str]
) -> None:
    folder = tmp_path_factory.mktemp("fetch")
    cuts = [step for step in steps if isinstance(step, int)]
    store = Cutting(folder / "store", [*cuts])
    of(store)
    for step in steps:
        if isinstance(step, str):
            disturb(step, store, folder / INCOMING / FILE.sha256)
            continue
        try:
            fetch(store, FILE, folder, Killing())
        except (Killed, ModelError):
            assert not (folder / FILE.name).exists()
            continue
        assert (folder / FILE.name).read_bytes() == BODY
        return
    of(store)
    fetch(Cutting(folder / "store", []), FILE, folder, ManualClock())
    assert (folder / FILE.name).read_bytes() == BODY


def disturb(how: str, store: Cutting, incoming: Path) -> None:
    name = incoming.with_name(f"{incoming.name}.etag")
    match how:
        case "other":
            of(store, bytes(len(BODY)))
        case "right":
            of(store)
        case "torn" if incoming.exists():
            incoming.write_bytes(bytes(incoming.stat().st_size))
        case "longer" if incoming.exists():
            incoming.write_bytes(bytes(2 * len(BODY)))
        case "no name":
            name.unlink(missing_ok=True)
        case _ if how in ODD and name.exists():
            name.write_bytes(ODD[how])
        case _:
            pass
