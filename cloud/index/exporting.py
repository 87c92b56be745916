"""`python -m cloud export-labels`: what operators marked, as COCO, with the pictures if asked.

SHELL (reads index and object store, writes files). With a folder, a picture is written if its bytes
are those that the report names, and its size is taken from the picture; one that is gone is left
out and counted. Called by `commands`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cloud.index.alarm_index import AlarmIndex
from cloud.index.coco import LABELLED, LabelledPicture, data_set, pictures_of
from cloud.index.queries import MAX_PAGE, AlarmFilter, PageEnd, WallOrder
from cloud.index.summary import AlarmSummary
from contract.keys import is_evidence_key
from imaging.admission import PictureLimits, Rejected, inspect
from objectstore.store import NotFound, ObjectStore, TooLarge


class LabelExport:
    """One run; `counts` says what was written and what was left out."""

    def __init__(self, index: AlarmIndex, store: ObjectStore | None, limits: PictureLimits) -> None:
        """Pictures are read from `store`."""
        self._index, self._store, self._limits = index, store, limits
        self.counts: Counter[str] = Counter()

    def write(
        self, file: Path, folder: Path | None, wanted: AlarmFilter, made_at: datetime
    ) -> None:
        """Raises `OSError` and what store and database raise."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        pictures = [
            picture for one in self._pictures(wanted) if (picture := self._kept(one, folder))
        ]
        found = data_set(pictures, made_at)
        self.counts["pictures"] = len(pictures)
        partial = file.with_name(f".{file.name}.part")
        partial.write_text(json.dumps(found, indent=1), encoding="utf-8")
        partial.replace(file)

    def _pictures(self, wanted: AlarmFilter) -> Iterator[LabelledPicture]:
        for alarm in self._alarms(replace(wanted, outcomes=frozenset(LABELLED), audits=True)):
            report, outcome = self._index.parts(alarm.report_id).report, alarm.outcome
            if report is None or outcome is None:
                self.counts["alarms_without_report"] += 1
                continue
            self.counts["alarms"] += 1
            yield from pictures_of(report, alarm.label, outcome)

    def _alarms(self, wanted: AlarmFilter) -> Iterator[AlarmSummary]:
        end: PageEnd | None = None
        while True:
            page = self._index.page(wanted, WallOrder.TIME, end, MAX_PAGE)
            yield from page.alarms
            end = page.end
            if end is None:
                return

    def _kept(self, one: LabelledPicture, folder: Path | None) -> LabelledPicture | None:
        if folder is None or self._store is None:
            return one
        body = self._body(one, self._store)
        if body is None:
            self.counts["pictures_gone"] += 1
            return None
        header = inspect(body, self._limits)
        if isinstance(header, Rejected) or (header.width, header.height) != (one.width, one.height):
            self.counts["pictures_unusable"] += 1
            return None
        (folder / one.file_name).write_bytes(body)
        return one

    def _body(self, one: LabelledPicture, store: ObjectStore) -> bytes | None:
        """None if it is gone, or is not what the report names."""
        if not is_evidence_key(one.key):
            return None
        try:
            body = store.get(one.key, self._limits.max_bytes)
        except (NotFound, TooLarge):
            return None
        same = hashlib.sha256(body).hexdigest() == one.file_name.removesuffix(".jpg")
        return body if same else None
