"""The pages: where each lies, what it is called, and links to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

from ui.page import state

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Place:
    """Describe a page.

    Attributes:
        name: the file's stem, and the page's path in the URL; the first page's path is empty.
        title: what the navigation calls it.
        icon: a Material icon.
        is_listed: whether the navigation shows it to everyone.
    """

    name: str
    title: str
    icon: str
    is_listed: bool = True

    @property
    def path(self) -> str:
        """The page's file, absolute: a relative one would depend on the main script's folder."""
        return str(ROOT / "pages" / f"{self.name}.py")


PLACES: Final = (
    Place("explore", "Explore", ":material/explore:"),
    Place("learn", "Learn", ":material/school:"),
    Place("draw", "Draw", ":material/draw:"),
    Place("train", "Train", ":material/model_training:"),
    Place("interpolate", "Interpolate", ":material/timeline:"),
    Place("models", "Models", ":material/deployed_code:"),
    Place("images", "Images", ":material/photo_library:"),
    Place("class", "Class", ":material/groups:"),
    Place("notes", "For teachers", ":material/menu_book:", is_listed=False),
    Place("server", "Server", ":material/dns:", is_listed=False),
)


def place(name: str) -> Place:
    """Return the page of that name."""
    return next(place for place in PLACES if place.name == name)


def link(name: str, label: str, *, query: Mapping[str, str] | None = None, disabled: bool = False) -> None:
    """Draw a link to a page, with what its URL should say."""
    there = place(name)
    st.page_link(
        there.path,
        label=label,
        icon=there.icon,
        query_params=dict(query or {}),
        disabled=disabled,
        width="content",
    )


def opening(title: str, sentence: str, facts: str = "") -> None:
    """Draw a page's heading and its first sentence, what this is and what to try first; below it, facts.

    The sentence is the app's own, without foreign text in it: it may hold what `by_hand` writes.
    """
    st.title(title, anchor=False)
    with st.container(gap="xsmall"):
        st.markdown(sentence, unsafe_allow_html=True)
        if facts:
            st.caption(facts)


def link_notices(place: st.delta_generator.DeltaGenerator) -> None:
    """Say, in a place kept for it above the page's widgets, which values of the link could not be used."""
    sentences = state.problems()
    if sentences:
        lines = place.container(gap="xxsmall")
        for sentence in sentences:
            lines.caption(f":material/link_off: {sentence}")
