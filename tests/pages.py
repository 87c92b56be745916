"""A written page as a browser would take it: its words, entries and pictures, and nothing else."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cv2
import numpy as np

_ALONE = {"meta", "img", "br"}
_LOADS = {"script", "link", "iframe", "object", "embed", "video", "audio", "source", "base", "form"}


@dataclass(slots=True)
class Article:
    """One entry: its tone, all its words, and the sizes of its pictures (height, width)."""

    tone: str
    words: str = ""
    pictures: list[tuple[int, int]] = field(default_factory=list)


class Page(HTMLParser):
    """Reads a page; fails where a tag is left open, loads something, or a picture is none."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.articles: list[Article] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in _LOADS, tag
        assert not any(name.startswith("on") or name in {"href", "style"} for name in given), given
        if tag not in _ALONE:
            self._open.append(tag)
        if tag == "article":
            self.articles.append(Article(given["class"] or ""))
        if tag == "img":
            self._picture(given["src"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if "article" in self._open:
            self.articles[-1].words += data

    def _picture(self, source: str) -> None:
        kind, _, data = source.partition(",")
        assert kind == "data:image/jpeg;base64"
        pixels = np.frombuffer(base64.b64decode(data, validate=True), np.uint8)
        image = cv2.imdecode(pixels, cv2.IMREAD_COLOR)
        assert image is not None
        self.articles[-1].pictures.append((image.shape[0], image.shape[1]))
