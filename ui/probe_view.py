"""What a link may say about the component's view, judged against one model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ui.explorer import LAYERS, ExplorerResult
from ui.owner import ModelEntry
from ui.state import view_problem
from ui.view import Check, Values

_LARGEST: Final = 1e4
"""A latent this far out is no place on any map; a mistyped number is."""


def explore_check(entry: ModelEntry) -> Check:
    """Return what tells usable from unusable values for the Explore page."""

    def check(link: Values) -> tuple[Values, Sequence[str]]:
        latent_dim = entry.model_config.latent_dim
        expected = {
            "explore_z": (
                numbers(link.get("explore_z", ""), latent_dim) is not None,
                f"{latent_dim} numbers",
            ),
            "explore_axes": (axes_fit(link.get("explore_axes", ""), entry), "two dimensions, pca or umap"),
            "explore_layers": (
                layers(link.get("explore_layers", "")) is not None,
                f"any of {', '.join(LAYERS)}",
            ),
        }
        return _sort(link, expected)

    return check


def interpolate_check(entry: ModelEntry) -> Check:
    """Return what tells usable from unusable values for the Interpolate page."""

    def check(link: Values) -> tuple[Values, Sequence[str]]:
        names = ("interpolate_from", "interpolate_to")
        what = f"a whole number below {entry.probe_count}"
        return _sort(
            link, {name: (index(link.get(name, ""), entry.probe_count) is not None, what) for name in names}
        )

    return check


def explore_values(chosen: ExplorerResult) -> Values:
    """Write what the hand chose on the Explore page as the link has it."""
    values = {}
    if chosen.z is not None:
        values["explore_z"] = ",".join(f"{value:.3f}" for value in chosen.z)
    if chosen.axes is not None:
        values["explore_axes"] = chosen.axes
    if chosen.layers is not None:
        values["explore_layers"] = ",".join(chosen.layers)
    return values


def interpolate_values(chosen: ExplorerResult) -> Values:
    """Write what the hand chose on the Interpolate page as the link has it."""
    ends = {"interpolate_from": chosen.from_, "interpolate_to": chosen.to}
    return {name: str(end) for name, end in ends.items() if end is not None}


def numbers(text: str, wanted: int) -> tuple[float, ...] | None:
    """Read a latent, `0.5,-1.25`; None unless it is that many finite numbers."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        return None
    fits = len(values) == wanted and all(math.isfinite(value) and abs(value) <= _LARGEST for value in values)
    return values if fits else None


def axes_fit(text: str, entry: ModelEntry) -> bool:
    """Whether this model's map can be drawn on these axes."""
    latent_dim = entry.model_config.latent_dim
    if text in ("pca", "umap"):
        return latent_dim > 1 and (text == "pca" or entry.has_umap)
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return False
    dims = [int(part) for part in parts]
    return (len(dims) == 2 and dims[0] != dims[1] and max(dims) < latent_dim) or (
        latent_dim == 1 and dims == [0]
    )


def layers(text: str) -> tuple[str, ...] | None:
    """Read the names of layers, commas between; "" is none of them, None is nonsense."""
    names = tuple(text.split(",")) if text else ()
    return names if all(name in LAYERS for name in names) else None


def index(text: str, limit: int) -> int | None:
    """Read the index of a probe image; None unless there is one."""
    fits = text.isascii() and text.isdigit() and len(text) < 9 and int(text) < limit
    return int(text) if fits else None


def _sort(link: Values, expected: dict[str, tuple[bool, str]]) -> tuple[Values, Sequence[str]]:
    usable = {name: value for name, value in link.items() if expected[name][0]}
    return usable, [
        view_problem(name, value, expected[name][1]) for name, value in link.items() if name not in usable
    ]
