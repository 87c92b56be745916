"""The enrolment of this gateway as the daemon runs it: a thread and a check of health, or nothing.

SHELL. Made by `gateway`; `daemon` starts and stops its worker with the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.config.schema import EdgeConfig
from edge.daemon.worker import OnFailure, Worker
from edge.enrolment.enroller import Enroller
from edge.enrolment.key_files import KeyFiles
from edge.health.reasons import Problem
from service.clock import Clock


class Enrolment:
    """`workers` is empty where no service is configured."""

    def __init__(self, config: EdgeConfig, clock: Clock, on_failure: OnFailure) -> None:
        self.workers: tuple[Worker, ...] = ()
        self._enroller: Enroller | None = None
        if config.enrolment is not None:
            files = KeyFiles(config.deliver.outbox.path)
            enroller = Enroller(config.enrolment, files, config.gateway.id, clock)
            worker = Worker(
                "enrolment",
                lambda: enroller.step(worker.stopping),
                clock=clock,
                on_failure=on_failure,
            )
            self._enroller, self.workers = enroller, (worker,)

    def problems(self) -> Iterator[Problem]:
        """What of the certificate may keep reports from the cloud."""
        if self._enroller is not None:
            yield from self._enroller.problems()
