"""Closes an entry of the proof of watch every hour, and whatever else ends one.

SHELL, on the control loop. Each minute the entry so far is on disk, marked as interrupted: the next
start closes it so. An entry that the disk does not take is not closed: it goes on, and is written
when the disk takes it again, so nothing is lost while the daemon runs. An entry begins where the
one before it ended. Made by `daemon.watch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.ids import CameraId, GatewayId
from contract.signature import Signer
from contract.watch import Closed, WatchEntry, key_text
from edge.metrics.funnel import UNKNOWN
from edge.watch_proof.counting import FunnelSnapshot, counted, with_unseen
from edge.watch_proof.files import ChainHead, WatchFiles
from edge.watch_proof.fitting import seal_within
from edge.watch_proof.unseen import UnseenSpans, WatchMoment
from service.clock import Clock
from service.events import Event, log

LOOK_S = 1.0
"""So exact is when a camera sent nothing."""

PERSIST_S = 60.0
"""What is counted is on disk after this long; a kill costs no more."""

_SHORT = 0.02
"""Of an entry's time: what is left of the hour is added to the next one if it is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """The gateway's certificate, and that its key stands behind the watch key."""

    certificate: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchInForce:
    """What the gateway goes by now: digests, the `watch` section, and its cameras."""

    config_sha256: str
    model_sha256: str
    every_s: float
    gap_s: float
    keep: int
    listed: frozenset[CameraId]
    disarmed: Callable[[CameraId], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSources:
    """Where it all comes from; `vouch` is asked with the watch key's text."""

    gateway: GatewayId
    run: str
    program: str
    funnels: Callable[[], FunnelSnapshot]
    in_force: Callable[[], WatchInForce]
    vouch: Callable[[str], Voucher | None]
    synchronised: Callable[[], bool]


class WatchRecorder:
    """`trouble` says why the disk takes no entry, and is empty while it does."""

    def __init__(self, files: WatchFiles, sources: WatchSources, clock: Clock) -> None:
        self._files, self._sources, self._clock = files, sources, clock
        self._signer: Signer | None = None
        self._head = ChainHead()
        self.trouble = ""
        self._look_at_s = self._retry_at_s = clock.mono()
        self._every_s = 0.0
        self._looked_s = clock.mono()
        self._unseen = UnseenSpans(self._reading())
        self._begin({}, self._reading())
        self._opened()

    @property
    def key(self) -> str | None:
        """The public key as entries name it; None until it could be made."""
        return None if self._signer is None else key_text(self._signer)

    @property
    def number(self) -> int:
        """Of the newest entry that is closed."""
        return self._head.number

    def tick(self) -> None:
        """Once a turn of the control loop."""
        now = self._reading()
        if now.mono_s < self._look_at_s:
            return
        self._look_at_s = now.mono_s + LOOK_S
        funnels = self._look(now)
        if now.mono_s < self._retry_at_s or not self._opened():
            return
        current = self._sources.in_force()
        if (current.config_sha256, current.model_sha256) != self._digests:
            self._close("changed", funnels, now)
        elif now.mono_s >= self._due_s:
            self._close("period", funnels, now)
        elif now.mono_s >= self._persist_at_s:
            self._persist(funnels, now)

    def stop(self) -> None:
        """Closes the entry in order; nothing is counted after it."""
        now = self._reading()
        funnels = self._look(now)
        if self._opened():
            self._close("stopped", funnels, now)

    def _opened(self) -> bool:
        """Whether the key is at hand; the first time what an earlier run left open is closed."""
        if self._signer is None:
            try:
                signer = self._files.open_key()
                self._head = self._resumed(signer)
                self._signer = signer
            except OSError as error:
                self._fail(error)
        return self._signer is not None

    def _resumed(self, signer: Signer) -> ChainHead:
        head, left = self._files.head(signer), self._files.read_open()
        if left is not None and left.gateway != self._sources.gateway:
            log(Event.WATCH_LOST, number=left.number, reason=f"this was {left.gateway} then")
            return head
        if left is None or left.key != key_text(signer) or left.number != head.number + 1:
            return head
        one = seal_within(left, signer)
        self._files.add(one, signer)
        log(Event.WATCH_CLOSED, number=left.number, reason=left.closed)
        return ChainHead(left.number, one.sha256)

    def _look(self, now: WatchMoment) -> FunnelSnapshot:
        funnels, current = self._sources.funnels(), self._sources.in_force()
        cameras = {*funnels, *current.listed} - {UNKNOWN}
        received = {name: funnels[name].received if name in funnels else 0 for name in cameras}
        self._unseen.look(received, now.mono_s, current.gap_s)
        passed_s, self._looked_s = now.mono_s - self._looked_s, now.mono_s
        for camera in cameras:
            if current.disarmed(camera):
                self._disarmed_s[camera] = self._disarmed_s.get(camera, 0.0) + passed_s
        return funnels

    def _close(self, why: Closed, funnels: FunnelSnapshot, now: WatchMoment) -> None:
        signer = self._signer
        if signer is None:
            return
        one = seal_within(self._entry(why, funnels, now, signer), signer)
        try:
            self._files.add(one, signer)
        except OSError as error:
            self._fail(error)
            return
        self._head = ChainHead(one.entry.number, one.sha256)
        self._begin(funnels, now)
        log(Event.WATCH_CLOSED, number=one.entry.number, reason=why)
        if why != "stopped":
            self._persist(funnels, now)
        self._prune()

    def _persist(self, funnels: FunnelSnapshot, now: WatchMoment) -> None:
        if self._signer is None:
            return
        self._persist_at_s = now.mono_s + min(PERSIST_S, self._every_s / 4)
        try:
            self._files.keep_open(self._entry("interrupted", funnels, now, self._signer))
        except OSError as error:
            self._fail(error)
        else:
            self.trouble = ""

    def _prune(self) -> None:
        try:
            for key_id, number in self._files.prune(self._sources.in_force().keep):
                log(Event.WATCH_LOST, key=key_id, number=number, reason="watch.keep_days is over")
        except OSError as error:
            self._fail(error)

    def _begin(self, funnels: FunnelSnapshot, now: WatchMoment) -> None:
        current = self._sources.in_force()
        self._before, self._begins, self._looked_s = funnels, now, now.mono_s
        self._begins_synchronised = self._sources.synchronised()
        self._digests = current.config_sha256, current.model_sha256
        self._every_s = current.every_s
        self._unseen.begin(now)
        self._disarmed_s: dict[CameraId, float] = {}
        left_s = current.every_s - now.wall.timestamp() % current.every_s
        left_s += current.every_s if left_s < _SHORT * current.every_s else 0.0
        self._due_s, self._persist_at_s = now.mono_s + left_s, now.mono_s

    def _entry(
        self, why: Closed, funnels: FunnelSnapshot, now: WatchMoment, signer: Signer
    ) -> WatchEntry:
        current, key = self._sources.in_force(), key_text(signer)
        cameras = counted(self._before, funnels, current.listed)
        unseen = self._unseen.until(now, current.gap_s)
        voucher = self._sources.vouch(key)
        config, model = self._digests
        return WatchEntry(
            gateway=self._sources.gateway,
            key=key,
            number=self._head.number + 1,
            previous=self._head.sha256,
            run=self._sources.run,
            program=self._sources.program,
            config_sha256=config,
            model_sha256=model,
            begins=self._begins.wall,
            begins_synchronised=self._begins_synchronised,
            ends=now.wall,
            ends_synchronised=self._sources.synchronised(),
            elapsed_s=round(now.mono_s - self._begins.mono_s, 3),
            closed=why,
            cameras=with_unseen(cameras, unseen, self._disarmed_s),
            certificate=None if voucher is None else voucher.certificate,
            certificate_proof=None if voucher is None else voucher.proof,
        )

    def _fail(self, error: OSError) -> None:
        self.trouble = str(error)
        self._retry_at_s = self._clock.mono() + min(PERSIST_S, self._every_s / 4)
        log(Event.WATCH_UNKEPT, reason=str(error))

    def _reading(self) -> WatchMoment:
        return WatchMoment(self._clock.mono(), self._clock.now())
