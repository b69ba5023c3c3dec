from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.page.text import count, duration, file_size, image_size, plain


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b>",
        "**bold** _it_ `code`",
        "[a](javascript:b)",
        "$x^2$",
        ":red[x]",
        "# head",
        "1. item",
        "a | b",
        "~~x~~",
    ],
)
def test_markdown_is_disarmed(text: str) -> None:
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", plain(text))
    assert not re.search(r"[!-/:-@\[-`{-~]", bare)


@pytest.mark.parametrize(
    "text", [":material/home:", "a -> b", "a <-> b", "a -- b", "->", "a <=", "~= b", ":smile:"]
)
def test_what_streamlit_replaces_after_markdown_is_parted(text: str) -> None:
    seen = plain(text).replace("\\", "")
    assert "\u2060" in seen
    assert seen.replace("\u2060", "") == text


@pytest.mark.parametrize("end", ["-E9q_", "a--b", "__--", "a->b", "--"])
def test_an_address_leads_where_it_says(end: str) -> None:
    address = f"http://127.0.0.1:8501/class?follow={end}"
    assert plain(address, links=True).replace("\\", "") == address


@pytest.mark.parametrize("text", ["https://a.b", "see HTTP://a.b/c", "www.a.b", "a@b.co", "[x](http://a.b)"])
def test_an_address_in_a_foreign_name_is_no_link(text: str) -> None:
    # What Streamlit's Markdown makes a link of by itself (GitHub's "autolink literals").
    bare = re.compile(r"(https?://|www(?=\.))[-.\w]|[-.\w+]@[-\w]", re.IGNORECASE)
    assert bare.search(plain(text, links=True).replace("\\", ""))
    seen = plain(text).replace("\\", "")
    assert not bare.search(seen)
    assert seen.replace("\u2060", "") == text


@given(st.text(max_size=60))
def test_a_reader_sees_what_was_written(text: str) -> None:
    shown = plain(text)
    assert not re.search(r"[\x00-\x1f\u202a-\u202e]", shown)
    unescaped = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown).replace("\u2060", "")
    visible = re.sub(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+", " ", text)
    assert unescaped == " ".join(visible.split())


def test_long_texts_end_in_an_ellipsis() -> None:
    assert plain("a" * 300, longest=10) == "a" * 9 + "…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "less than a second"),
        (1, "1 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers() -> None:
    assert [file_size(n) for n in (512, 34_000, 1_230_000, 500_000_000, 2_000_000_000)] == [
        "512 bytes",
        "34 kB",
        "1.2 MB",
        "500 MB",
        "2.0 GB",
    ]
    assert count(1, "image") == "1 image"
    assert count(10_000, "image") == "10,000 images"
    assert count(2, "class", "classes") == "2 classes"
    assert image_size((3, 32, 30)) == "32 × 30, colour"
