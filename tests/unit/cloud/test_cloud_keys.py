"""Keys are made for their owner's eyes, never overwritten, and named when they cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.keys import make_keys, open_keys, public_file
from cloud.settings import SettingsError, load_settings
from contract.signature import read_public, read_signer
from contract.statement import Distrust


def keys_of(tmp_path: Path, **flags: str) -> object:
    return open_keys(load_settings(None, {}, {"store": f"dir:{tmp_path}", **flags}))


def test_keygen_makes_a_private_key_for_its_owner_and_a_public_one_for_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cloud.key"
    assert main(["keygen", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    public = read_public(public_file(file).read_bytes())
    assert read_signer(file.read_bytes()).public == public
    said = capsys.readouterr()
    assert said.out.strip() == public_file(file).read_text().strip()
    assert "deliver.cloud_keys" in said.err
    assert "PRIVATE" not in said.out + said.err


def test_a_key_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cloud.key"
    make_keys(file)
    before = file.read_bytes()
    assert main(["keygen", str(file)]) == 78
    assert "a key is not overwritten" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_worker_trusts_its_own_key_and_those_of_before(tmp_path: Path) -> None:
    make_keys(tmp_path / "new")
    make_keys(tmp_path / "old")
    make_keys(tmp_path / "older")
    both = f"{tmp_path / 'old.pub'},{tmp_path / 'older.pub'}"
    keys = open_keys(
        load_settings(None, {}, {"signing_key": str(tmp_path / "new"), "trusted_keys": both})
    )
    assert keys.signer is not None
    assert keys.keyring is not None
    assert len(keys.keyring.key_ids) == 3
    assert keys.keyring.distrust(b"said", keys.signer.seal(b"said")) is None
    old = read_signer((tmp_path / "old").read_bytes())
    assert keys.keyring.distrust(b"said", old.seal(b"said")) is None
    assert keys.keyring.distrust(b"other", old.seal(b"said")) is Distrust.FORGED


def test_without_keys_nothing_is_signed_and_all_is_trusted() -> None:
    keys = open_keys(load_settings(None, {}, {}))
    assert (keys.signer, keys.keyring) == (None, None)


def test_a_signing_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    make_keys(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 0600"):
        keys_of(tmp_path, signing_key=str(tmp_path / "key"))
    (tmp_path / "key").chmod(0o440)  # as a mounted secret is, for the workers' group
    keys_of(tmp_path, signing_key=str(tmp_path / "key"))


@pytest.mark.parametrize(
    ("flag", "name", "words"),
    [
        ("signing_key", "missing", "cannot be read"),
        ("signing_key", "key.pub", "no private key"),
        ("trusted_keys", "missing", "cannot be read"),
        ("trusted_keys", "key", "belongs to the cloud alone"),
        ("signing_key", ".", "cannot be read"),
    ],
)
def test_what_is_no_key_is_named_with_its_file(
    tmp_path: Path, flag: str, name: str, words: str
) -> None:
    make_keys(tmp_path / "key")
    (tmp_path / "key.pub").chmod(0o600)
    with pytest.raises(SettingsError, match=words) as refused:
        keys_of(tmp_path, **{flag: str(tmp_path / name)})
    assert str(tmp_path) in str(refused.value)
