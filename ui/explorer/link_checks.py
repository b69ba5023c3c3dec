"""What a link may say about the component's view, judged against one model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ui.explorer.component import LAYERS, ExplorerResult
from ui.explorer.link_view import Check, Values
from ui.library.entry import ModelEntry
from ui.page.state import view_problem
from vae_core.config.settings import number
from vae_core.engine import RunInfo

_LARGEST: Final = 1e4
"""A latent this far out is no place on any map; a mistyped number is."""


def explore_check(entry: ModelEntry) -> Check:
    """Return what tells usable from unusable values for the Explore page."""

    def check(link: Values) -> tuple[Values, Sequence[str]]:
        dims, has_pca = entry.model_config.latent_dim, not entry.model_config.categories
        is_latent = numbers(link.get("explore_z", ""), dims) is not None
        what = f"{dims} numbers from −{_LARGEST:,.0f} to {_LARGEST:,.0f}, commas between them"
        return _sort(
            link, {"explore_z": (is_latent, what)} | _map("explore", link, dims, entry.has_umap, has_pca)
        )

    return check


def interpolate_check(entry: ModelEntry) -> Check:
    """Return what tells usable from unusable values for the Interpolate page."""

    def check(link: Values) -> tuple[Values, Sequence[str]]:
        names = ("interpolate_from", "interpolate_to")
        what = f"a whole number below {entry.probe_count:,}"
        ends = {name: (index(link.get(name, ""), entry.probe_count) is not None, what) for name in names}
        dims, has_pca = entry.model_config.latent_dim, not entry.model_config.categories
        return _sort(link, ends | _map("interpolate", link, dims, entry.has_umap, has_pca))

    return check


def draw_check(entry: ModelEntry) -> Check:
    """Return what tells usable from unusable values for the Draw page."""

    def check(link: Values) -> tuple[Values, Sequence[str]]:
        dims, has_pca = entry.model_config.latent_dim, not entry.model_config.categories
        return _sort(link, _map("draw", link, dims, entry.has_umap, has_pca))

    return check


def train_check(run: RunInfo | None) -> Check:
    """Return what tells usable from unusable values for the Train page; what is to come may have any size."""

    def check(link: Values) -> tuple[Values, Sequence[str]]:
        dims = run.model.latent_dim if run else int(number("latent_dim").greatest)
        has_pca = not (run and run.model.categories)
        return _sort(link, _map("train", link, dims, has_umap=False, has_pca=has_pca))

    return check


def map_values(page: str, chosen: ExplorerResult) -> Values:
    """Write what the hand chose for a page's map as the link has it: its axes and layers."""
    values = {}
    if chosen.axes is not None:
        values[f"{page}_axes"] = chosen.axes
    if chosen.layers is not None:
        values[f"{page}_layers"] = ",".join(chosen.layers)
    return values


def explore_values(chosen: ExplorerResult) -> Values:
    """Write what the hand chose on the Explore page as the link has it."""
    values = map_values("explore", chosen)
    if chosen.z is not None:
        values["explore_z"] = ",".join(f"{value:.3f}" for value in chosen.z)
    return values


def interpolate_values(chosen: ExplorerResult) -> Values:
    """Write what the hand chose on the Interpolate page as the link has it."""
    ends = {"interpolate_from": chosen.from_, "interpolate_to": chosen.to}
    return map_values("interpolate", chosen) | {
        name: str(end) for name, end in ends.items() if end is not None
    }


def map_of(page: str, view: Values) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the axes and the layers of a view; None is what nobody has chosen."""
    names = view.get(f"{page}_layers")
    return view.get(f"{page}_axes"), None if names is None else layers(names)


def numbers(text: str, wanted: int) -> tuple[float, ...] | None:
    """Read a latent, `0.5,-1.25`; None unless it is that many finite numbers."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        return None
    fits = len(values) == wanted and all(math.isfinite(value) and abs(value) <= _LARGEST for value in values)
    return values if fits else None


def axes_fit(text: str, latent_dim: int, *, has_umap: bool, has_pca: bool = True) -> bool:
    """Whether a map of so many latent dimensions can be drawn on these axes."""
    if text in ("pca", "umap"):
        return latent_dim > 1 and (has_pca if text == "pca" else has_umap)
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


def _map(page: str, link: Values, dims: int, has_umap: bool, has_pca: bool) -> dict[str, tuple[bool, str]]:
    """Judge a map's axes and layers: by name, whether they can be used, and what was expected."""
    axes, names = link.get(f"{page}_axes", ""), link.get(f"{page}_layers", "")
    planes = (", or pca" if has_pca else "") + (", or umap" if has_umap else "")
    kinds = f"two dimensions as in 0,1{planes}"
    return {
        f"{page}_axes": (axes_fit(axes, dims, has_umap=has_umap, has_pca=has_pca), kinds),
        f"{page}_layers": (layers(names) is not None, f"any of {', '.join(LAYERS)}"),
    }


def _sort(link: Values, expected: dict[str, tuple[bool, str]]) -> tuple[Values, Sequence[str]]:
    usable = {name: value for name, value in link.items() if expected[name][0]}
    return usable, [
        view_problem(name, value, expected[name][1]) for name, value in link.items() if name not in usable
    ]
