"""Text for people: foreign strings on their way into Markdown, and numbers as a reader likes them."""

from __future__ import annotations

import re
import string

_PUNCTUATION = re.compile("([" + re.escape(string.punctuation) + "])")
_JOINED = re.compile(r"((?<=^\\[-<>=~])|(?<=\s\\[-<>=~]))(?=\\[-<>=~])|(?<=:)(?=[A-Za-z])")
_LINKED = re.compile(r"(?<=:)(?=\\/\\/)|(?<=www)(?=\\\.)|(?<=@)(?=.)", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def plain(text: str, *, longest: int = 200, links: bool = False) -> str:
    """Write a foreign string so that Streamlit's Markdown shows it as it is.

    Titles, labels and file names come from users. A backslash disarms Markdown, HTML, colours and
    formulas. Streamlit's icons (`:material/...:`) and arrows that stand alone (`->`) are replaced after
    that, and bare addresses made links: a word joiner parts them.

    Args:
        text: anything; line breaks, control and invisible characters become single spaces.
        longest: characters kept; a longer text ends in an ellipsis.
        links: let a bare address be a link, in text that is the app's own.
    """
    shown = tidy(text)
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    disarmed = _JOINED.sub("\u2060", _PUNCTUATION.sub(r"\\\1", shown))
    return disarmed if links else _LINKED.sub("\u2060", disarmed)


def tidy(text: str) -> str:
    """Write a name that someone typed on one line, without what cannot be seen."""
    return " ".join(_INVISIBLE.sub(" ", text).split())


def file_size(count: int) -> str:
    """Write a number of bytes: `512 bytes`, `34 kB`, `1.2 MB`, `500 MB`."""
    if count < 1_000:
        return f"{count} bytes"
    size, unit = count / 1e3, "kB"
    for larger in ("MB", "GB"):
        if size >= 1_000:
            size, unit = size / 1e3, larger
    return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"


def by_hand(with_mouse: str, with_finger: str) -> str:
    """Write in bold what a hand is to do, as it is said of a mouse and of a finger.

    The style sheet shows one of the two (`assets/app.css`); Markdown takes it where HTML is allowed.
    """
    return f'**<span class="by-mouse">{with_mouse}</span><span class="by-finger">{with_finger}</span>**'


def duration(seconds: float) -> str:
    """Write a time: `less than a second`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 1:
        return "less than a second"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `1 model`, `10,000 images`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def image_size(shape: tuple[int, int, int]) -> str:
    """Write the shape (C, H, W) of a picture: `28 × 28, grey`."""
    channels, height, width = shape
    return f"{height} × {width}, {'grey' if channels == 1 else 'colour'}"
