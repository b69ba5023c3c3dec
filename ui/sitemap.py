"""The pages: where each lies, what it is called, and links to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

ROOT: Final = Path(__file__).resolve().parent.parent


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
    Place("train", "Train", ":material/model_training:"),
    Place("interpolate", "Interpolate", ":material/timeline:"),
    Place("models", "Models", ":material/deployed_code:"),
    Place("images", "Images", ":material/photo_library:"),
    Place("class", "Class", ":material/groups:"),
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
