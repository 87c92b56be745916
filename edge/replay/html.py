"""A page that needs nothing but itself: text, and pictures within it.

PURE. All text is escaped here, and a policy in the page forbids it to load or run anything.
Pictures are JPEG in data URIs, up to a limit for the page; those beyond are named as left away.
Called by the reports of replay and evaluation.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import cv2
import numpy as np

from imaging.detections import Image

MOST_BYTES = 18_000_000
"""Of pictures in a page, as text: browsers and mail servers still take it."""

_QUALITY = 72
_HEAVY_BYTES = 12_000
_LIGHT_PX = 400

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:1500px;padding:0 1rem;"
    "background:#f6f6f4;color:#222}"
    "h1{font-size:1.5rem}h2{font-size:1.2rem;margin:2rem 0 .6rem}"
    "h3{font-size:1rem;margin:0 0 .4rem}"
    "article{background:#fff;border-left:6px solid #888;padding:.8rem 1rem;margin:0 0 1rem}"
    "article.bad{border-color:#c62828}article.open{border-color:#f9a825}"
    "article.good{border-color:#2e7d32}"
    "p,ul{margin:.2rem 0 .6rem}ul{padding-left:1.2rem}small,figcaption{color:#555;font-size:.8rem}"
    ".strip{display:flex;flex-wrap:wrap;gap:.5rem}figure{margin:0;width:270px;cursor:zoom-in}"
    "figure.small{width:150px}img{width:100%;display:block;background:#ddd}"
    "figure:focus{width:100%;max-width:1000px;cursor:default;outline:none}"
    "table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left}"
)
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

Tone = Literal["bad", "open", "good", "plain"]


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A JPEG with the words under it; `small` ones are crops."""

    jpeg: bytes
    words: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One object for a person to review: what it is, why in one line, what else is known, its
    pictures; the tone says how it is to be taken."""

    title: str
    lead: str
    lines: Sequence[str]
    pictures: Sequence[PagePicture] = ()
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class PageSection:
    """Entries under a heading; `empty` is said where there are none."""

    title: str
    intro: str
    entries: Sequence[PageEntry]
    empty: str = "None."


def jpeg_of(image: Image) -> bytes:
    """A picture as light as it may be and still be looked at."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def lightened(jpeg: bytes) -> bytes:
    """The same picture, reduced if it is heavier than a page of many wants it."""
    if len(jpeg) <= _HEAVY_BYTES:
        return jpeg
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    factor = min(1.0, _LIGHT_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return jpeg_of(np.asarray(small, np.uint8))


def page(
    title: str,
    head: Iterable[str],
    sections: Sequence[PageSection],
    most_bytes: int = MOST_BYTES,
) -> str:
    """The whole page; `head` are the lines under its title. Entries keep their order, so the first
    have their pictures where not all fit."""
    budget = _Budget(most_bytes)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in head),
        *(_section(section, budget) for section in sections),
        budget.words(),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


class _Budget:
    """How many bytes of pictures the page still takes."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._left_away = 0

    def figure(self, picture: PagePicture) -> str:
        """The picture, or the word that it had no room."""
        data = base64.b64encode(picture.jpeg).decode()
        words = escape(picture.words)
        if len(data) > self._left:
            self._left_away += 1
            return f"<figure class='small'><figcaption>{words} (left away)</figcaption></figure>"
        self._left -= len(data)
        small = ' class="small"' if picture.small else ""
        return (
            f'<figure{small} tabindex="0"><img alt="{words}" src="data:image/jpeg;base64,{data}">'
            f"<figcaption>{words}</figcaption></figure>"
        )

    def words(self) -> str:
        if not self._left_away:
            return ""
        return f"<p>{self._left_away} pictures were left away: the page would be too large.</p>"


def _section(section: PageSection, budget: _Budget) -> str:
    entries = "\n".join(_entry(entry, budget) for entry in section.entries)
    return (
        f"<section><h2>{escape(section.title)}</h2><p>{escape(section.intro)}</p>\n"
        f"{entries or f'<p>{escape(section.empty)}</p>'}</section>"
    )


def _entry(entry: PageEntry, budget: _Budget) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in entry.lines)
    figures = "\n".join(budget.figure(picture) for picture in entry.pictures if picture.jpeg)
    return (
        f'<article class="{entry.tone}"><h3>{escape(entry.title)}</h3>'
        f"<p><b>{escape(entry.lead)}</b></p><ul>{lines}</ul>"
        f'<div class="strip">{figures}</div></article>'
    )
