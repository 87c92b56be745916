"""The analysis threads of a gateway: each with a mailbox, a pipeline and cameras of its own.

SHELL. A camera is always on the same thread, so what is asked about one is answered by whichever
knows it. Nothing runs until `threads` are started. Made by `gateway`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contract.ids import CameraId
from edge.config.health import Fault
from edge.daemon.analysis import AnalysisContext, AnalysisWorker, WorkerSettings
from edge.daemon.heartbeat import Pulse
from edge.daemon.worker import OnFailure, Worker
from edge.intake.mailbox import Mailbox
from edge.pipeline import Pipeline
from edge.records import Notices


class AnalysisThreads:
    """`workers` do what the `threads` of the same order repeat."""

    def __init__(
        self,
        mailboxes: Sequence[Mailbox],
        pipelines: Iterable[Pipeline],
        settings: Iterable[WorkerSettings],
        context: AnalysisContext,
        on_failure: OnFailure,
    ) -> None:
        """One thread for each mailbox, pipeline and settings."""
        parts = zip(settings, mailboxes, pipelines, strict=True)
        self.workers = tuple(AnalysisWorker(*part, context) for part in parts)
        self.threads = tuple(
            Worker(
                f"analysis-{n}",
                worker.step,
                clock=context.clock,
                on_failure=on_failure,
            )
            for n, worker in enumerate(self.workers)
        )

    def adopt(self, settings: Iterable[WorkerSettings]) -> None:
        """Use these from the next frame on, in the order of the threads."""
        for worker, one in zip(self.workers, settings, strict=True):
            worker.adopt(one)

    def forget(self, camera: CameraId) -> None:
        """Drop what is remembered of a camera that is followed no more."""
        for worker in self.workers:
            worker.forget(camera)

    def faults(self, camera: CameraId) -> tuple[Fault, ...]:
        """What is wrong with the camera's pictures, by the one worker that looks at it."""
        return tuple(fault for worker in self.workers for fault in worker.faults(camera))

    def notices(self, camera: CameraId) -> Notices:
        """What was found out about the camera, by the one worker that looks at it."""
        found = (worker.notices(camera) for worker in self.workers)
        return next((notices for notices in found if notices != Notices()), Notices())

    def failing(self) -> str | None:
        """Why the network of a thread cannot go on, None while all can."""
        return next((found for worker in self.workers if (found := worker.failing)), None)

    def pulses(self, patience_s: float) -> tuple[Pulse, ...]:
        """When each thread last made progress, of which it owes some every `patience_s`."""
        return tuple(
            Pulse(worker=thread.name, beat_at_s=thread.beat_at_s, patience_s=patience_s)
            for thread in self.threads
        )
