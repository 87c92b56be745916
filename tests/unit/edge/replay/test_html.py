"""The page: whatever is in it is text, it loads nothing, and it stays light."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.replay.html import PageEntry, PagePicture, PageSection, jpeg_of, lightened, page
from tests.pages import Page

JPEG = jpeg_of(np.full((40, 60, 3), 128, np.uint8))
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60)


@given(title=words, lead=words, line=words)
def test_text_is_text_whatever_it_says(title: str, lead: str, line: str) -> None:
    entry = PageEntry(title, lead, (line,), (PagePicture(JPEG, title),))
    read = Page(page(title, (line,), (PageSection(line, lead, (entry,)),)))
    assert len(read.articles) == 1
    assert read.articles[0].pictures == [(40, 60)]
    assert lead in read.articles[0].words
    assert line in read.articles[0].words


def test_tags_and_quotes_in_names_open_nothing() -> None:
    evil = '"><script>alert(1)</script><img src=http://x/y onerror=z>'
    text = page(evil, (evil,), (PageSection(evil, evil, (PageEntry(evil, evil, (evil,)),)),))
    assert evil in Page(text).articles[0].words
    assert "<script" not in text


def test_a_page_without_entries_says_so() -> None:
    assert (
        "Nothing was missed."
        in Page(page("none", (), (PageSection("Misses", "", (), "Nothing was missed."),))).words
    )


def test_pictures_beyond_the_limit_are_named_and_counted() -> None:
    entries = [
        PageEntry(f"entry {n}", "", (), (PagePicture(JPEG, f"picture {n}"),)) for n in range(10)
    ]
    text = page(
        "many", (), (PageSection("all", "", entries),), most_bytes=3 * len(JPEG) * 4 // 3 + 60
    )
    read = Page(text)
    assert [len(one.pictures) for one in read.articles] == [1] * 3 + [0] * 7
    assert "picture 9 (left away)" in read.articles[9].words
    assert "7 pictures were left away" in read.words


def test_a_heavy_picture_is_made_lighter_and_a_light_one_left_alone() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (900, 1600, 3), np.uint8)
    assert len(lightened(jpeg_of(noise))) < len(jpeg_of(noise)) / 5
    assert lightened(JPEG) is JPEG
