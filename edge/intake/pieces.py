"""Pictures in pieces within JSON: `{"part": 0, "parts": 3, "data": "/9j/..."}`.

PURE. Pieces count from 0 or from 1 and come in order. What they become is what parts on topics of
their own are: a start, data, an end; `chunks` puts them together. Called by `assemblies`.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.schema import JsonPathsConfig
from edge.intake.chunks import ChunkTopic
from edge.intake.payload import json_piece
from imaging.admission import Reason, Rejected

Step = tuple[ChunkTopic, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceOrder:
    """Of a picture under way: what its first piece was numbered, and which is due."""

    first: int
    due: int


def steps_of(
    payload: bytes, order: PieceOrder | None, paths: JsonPathsConfig, max_bytes: int
) -> tuple[tuple[Step, ...] | Rejected, PieceOrder | None] | None:
    """What a payload adds to the picture under way, and the order that then holds.

    None: it is no piece, but a whole picture or something else.
    """
    piece = json_piece(payload, paths, max_bytes)
    if piece is None:
        return None
    number, total, data = piece
    if isinstance(data, Rejected):
        return data, None
    begins = number == 0 or (number == 1 and (order is None or order.first == 1))
    if begins:
        order = PieceOrder(first=number, due=number)
    if order is None or number != order.due:
        due = "the first" if order is None else str(order.due)
        detail = f"piece {number} of {total} came, {due} was due"
        return Rejected(Reason.CHUNK_ORDER, detail), None
    steps: tuple[Step, ...] = ((ChunkTopic.DATA, data),)
    if begins:
        steps = ((ChunkTopic.START, b""), *steps)
    if number - order.first == total - 1:
        return (*steps, (ChunkTopic.END, b"")), None
    return steps, PieceOrder(first=order.first, due=number + 1)
