"""The third stage: which pictures show a threat by the rules, and whom to notify.

SHELL, without the model: it reads what `detect` wrote. Per device and day a record in `threats/`,
per alert a mail in `outbox/`. Called by `command`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from cloud.stages.alerts import Alert, compose, gather
from cloud.stages.day import DayVerdicts, PictureVerdicts
from cloud.stages.detections import PictureRecord
from cloud.stages.evaluate import verdicts_of
from cloud.stages.records import records
from cloud.stages.rules import Rules
from cloud.stages.tree import InputTree, OutputTree
from contract.ids import CameraId


@dataclass(frozen=True, kw_only=True)
class ThreatStage:
    """One run over a tree of detections."""

    source: InputTree
    out: OutputTree
    rules: Rules

    def run(self) -> dict[str, int]:
        """How many pictures have verdicts, how many show a threat, how many mails were written."""
        counts = {"pictures": 0, "threats": 0, "mails": 0}
        found = (record for _, record in records(self.source, "", PictureRecord))
        for folder, pictures in groupby(found, key=lambda record: record.named.folder):
            day = self._day(folder, list(pictures))
            self._keep(folder, day)
            counts["pictures"] += len(day.pictures)
            counts["threats"] += sum(bool(one.confirmed) for one in day.pictures)
            counts["mails"] += self._write_mails(folder, day)
        return counts

    def _day(self, folder: str, pictures: list[PictureRecord]) -> DayVerdicts:
        verdicts = [
            PictureVerdicts(
                picture=record.picture,
                captured_at=record.named.captured_at,
                verdicts=verdicts_of(record, self.rules),
            )
            for record in sorted(pictures, key=lambda record: record.named.unix_s)
        ]
        device, day = folder.split("/")
        return DayVerdicts(
            device=CameraId(device),
            day=date.fromisoformat(day),
            rules_sha256=self.rules.sha256,
            pictures=tuple(verdicts),
        )

    def _keep(self, folder: str, day: DayVerdicts) -> None:
        record = day.model_dump_json(exclude_none=True, indent=1)
        self.out.write(f"threats/{folder}.json", record.encode() + b"\n")

    def _write_mails(self, folder: str, day: DayVerdicts) -> int:
        """The number of mails written."""
        alerts, written = self.rules.alerts, 0
        for alert in gather(day.device, day.pictures, alerts.gather_s):
            mail = compose(alert, alerts, self._picture(folder, alert))
            if mail is not None:
                self.out.write(f"outbox/{folder}/{_file_name(alert)}", mail)
                written += 1
        return written

    def _picture(self, folder: str, alert: Alert) -> bytes | None:
        """The clearest picture, if it lies beside its record and is not too large for a mail."""
        limit = self.rules.alerts.attach_max_bytes
        picture = self.source.read(f"{folder}/{alert.clearest[0].picture}", limit)
        return picture if isinstance(picture, bytes) and len(picture) <= limit else None


def _file_name(alert: Alert) -> str:
    return f"{int(alert.began_at.timestamp())}-{'-'.join(alert.kinds)}.eml"
