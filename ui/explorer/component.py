"""The browser component that follows the hand: map, decoded picture, sliders, strips, live curves.

Its modules lie in `assets/explorer` and come to the browser from a route; what stands here is the doorway.
The loader below is short because Streamlit makes a Blob URL of it, from which relative imports cannot work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

import streamlit as st

from ui.identity.owner import current_owner
from ui.library import links
from ui.page.urls import base_path, explorer_url, plotly_url, style_sheets

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

    from ui.library.entry import ModelEntry
    from vae_core.engine import RunInfo

Mode = Literal["explore", "train", "interpolate", "follow", "learn", "draw"]

HTML: Final = '<div class="latent-explorer"></div>'
LOADER: Final = """export default async function (component) {
  const place = component.parentElement.querySelector(".latent-explorer");
  const version = (place.dataset.module ??= component.data.module);
  if (version !== component.data.module) return location.reload(); // another server since
  import(location.origin + component.data.view).catch(() => {}); // at the same time
  const module = await import(location.origin + version).catch(() => null);
  if (module) {
    place.querySelector("[data-absent]")?.remove();
    return module.default(component);
  }
  if (!place.childElementCount)
    place.innerHTML = '<p role="alert" data-absent>The explorer did not arrive. Reload the page.</p>';
}
"""
MOST_STEPS: Final = 2**53
"""No run has so many: a browser's numbers are whole below it."""

KEYS: Final = ("z", "axes", "layers", "from", "to", "keyframe", "order", "standing")
"""What the component tells Python, each with the name of what it belongs to."""
LAYERS: Final = ("manifold", "prior", "density", "ellipse", "ellipses")
"""What can lie under the map's points, as `assets/explorer/map/scene/layer-kinds.js` has it."""


# `from` is a keyword of Python, so these fields are named by a call.
Interpolation = TypedDict(
    "Interpolation", {"from": int | None, "to": int | None, "method": str, "steps": int}
)
"""Which walk to draw: indices of two probe images (None: the component chooses), the path on the map
("linear" or "slerp"), and the pictures in a row, both ends counted."""


@dataclass(frozen=True)
class ExplorerResult:
    """Hold what the hand chose since the component was mounted; None is what it has not touched.

    Attributes:
        z: the pinned latent, (D,).
        axes: "0,1", "pca" or "umap".
        layers: names of the map's layers that are on.
        from_: index of the probe image at which the walk starts.
        to: index of the probe image at which it ends.
        keyframe: step of the moment of the run's past that is shown; None for now.
        order: what a lesson asks for, as the browser said it.
    """

    z: tuple[float, ...] | None = None
    axes: str | None = None
    layers: tuple[str, ...] | None = None
    from_: int | None = None
    to: int | None = None
    keyframe: int | None = None
    order: Any = None


def explorer(
    *,
    key: str,
    mode: Mode,
    entry: ModelEntry | None = None,
    run: RunInfo | None = None,
    z: Sequence[float] | None = None,
    axes: str | None = None,
    layers: Sequence[str] | None = None,
    interpolation: Interpolation | Mapping[str, Any] | None = None,
    watch: str = "",
    follow: str = "",
    standing: Sequence[Any] | None = None,
    lesson: Mapping[str, Any] | None = None,
    lessons: Sequence[Mapping[str, Any]] = (),
    room: Mapping[str, Any] | None = None,
    collection: str | None = None,
    trouble: str = "",
    heard: float = 0,
    height: int | None = None,
) -> ExplorerResult:
    """Draw the explorer of a stored model or of a run.

    Args:
        key: Streamlit's key of the component.
        mode: which of its six views.
        entry: the model, for "explore", "draw" and "interpolate".
        run: the run to watch, for "train"; None shows where it will be.
        z: latent to pin, (D,); None: the prior's mean.
        axes: "0,1", "pca" or "umap"; None: what suits the model.
        layers: names of the map's layers to turn on; None: what suits the model.
        interpolation: which walk to draw, for "interpolate".
        watch: token of the link by which another's run is watched; "" for an own run.
        follow: token of the link by which a leader is followed, for "follow".
        standing: what the page has drawn of the run, by `standing_of`; the page is drawn anew when the stream
            tells something else. None: it draws nothing of it.
        lesson: the lesson to play, for "learn"; None for the list of all.
        lessons: what that list says of each.
        collection: token of the link to the collection in which drawings can be kept, for "draw"; "" for
            one's own, None for none.
        room: the class that does a lesson together, and what it does.
        trouble: why what a lesson ordered was refused; "" if it was not.
        heard: number of the lesson's order that was obeyed last.
        height: least height of the whole in px, kept free while it loads.

    Returns:
        What was chosen by hand on this very model or run.
    """
    base = base_path()
    bundle = entry and {"name": entry.name, "url": base + entry.url, "title": entry.title}
    source = f"watch/{watch}" if watch else f"stream/{run.id}" if run else ""
    past = None if watch or run is None else f"{base}/latent/runs/{run.id}/keyframes"
    stream = run and {"url": f"{base}/latent/{source}", "run": run.id, "keyframes": past}
    is_own = not (watch or follow or (entry and entry.url.startswith("/latent/shared/")))
    leads = not follow and mode != "learn" and links.shared(current_owner(), "follow") is not None
    data: dict[str, Any] = {
        "module": f"{explorer_url()}/explorer.js",
        "view": f"{explorer_url()}/{mode}/{mode}-view.js",
        "plotly": plotly_url(),
        "mode": mode,
        "bundle": bundle,
        "stream": stream,
        "z": None if z is None else [round(float(value), 3) for value in z],
        "axes": axes,
        "layers": None if layers is None else list(layers),
        "interpolation": None if interpolation is None else dict(interpolation),
        "lead": f"{base}/latent/lead" if leads else None,
        "foreign": not is_own,
        "follow": f"{base}/latent/follow/{follow}" if follow else None,
    }
    if standing is not None:
        data["standing"] = list(standing)
    if collection is not None:
        data["keep"] = {"url": f"{base}/latent/drawings", "collection": collection}
    if mode == "learn":
        told = None if lesson is None else dict(lesson)
        data |= {
            "lesson": told,
            "lessons": [dict(each) for each in lessons],
            "room": None if room is None else dict(room),
            "trouble": trouble,
            "heard": heard,
        }
    data["turn"] = _turn(key, data)
    callbacks: dict[str, Any] = {f"on_{name}_change": _nothing for name in KEYS}
    with st.container(key=f"{key}_place"):  # says so while there is nothing in it yet (assets/app.css)
        state = _component()(
            key=key,
            data=data,
            height="content" if height is None else height,
            **callbacks,
        )
    of = bundle["url"] if bundle else stream["run"] if stream else None
    return _result({name: getattr(state, name, None) for name in KEYS}, of, entry)


def standing_of(run: RunInfo) -> tuple[str, bool, bool]:
    """Return what decides which buttons can act: a run's state, whether it has learned, and has a past."""
    return run.state, run.step > 0, bool(run.keyframes)


def chosen(key: str, entry: ModelEntry | None = None, run: RunInfo | None = None) -> ExplorerResult:
    """Return what `explorer` will return for this key and model or run, before it is drawn."""
    return _chosen(key, base_path() + entry.url if entry else run.id if run else None, entry)


def chosen_keyframe(key: str, run: RunInfo) -> int | None:
    """Return the step of the moment that the component shows, kept any more or not; None for now."""
    return _chosen(key, run.id, None).keyframe


def _chosen(key: str, of: str | None, entry: ModelEntry | None) -> ExplorerResult:
    state = st.session_state.get(key) or {}
    return _result({name: state.get(name) for name in KEYS}, of, entry)


def _turn(key: str, data: Mapping[str, Any]) -> float:
    """Return a number that grows with each change of the data, and with that alone.

    Streamlit may hand a component what is old after what is new (seen on a busy machine: a page at rest
    whose run trained); by this number it can tell. A clock serves, because a lost connection makes a new
    session on the same page.
    """
    before: tuple[Mapping[str, Any], float] | None = st.session_state.get(f"{key}_told")
    if before is None or before[0] != data:
        st.session_state[f"{key}_told"] = before = (dict(data), time.time())
    return before[1]


@cache
def _component() -> ComponentRenderer:
    """Register the component, once: its texts never change while the server runs."""
    return st.components.v2.component(
        "latent_explorer",
        html=HTML,
        css="\n".join(path.read_text(encoding="utf-8") for path in style_sheets()),
        js=LOADER,
        isolate_styles=False,
    )


def _nothing() -> None:
    """Stand in for a callback: Streamlit reads the keys of the state from their names."""


def _result(state: Mapping[str, Any], of: str | None, entry: ModelEntry | None) -> ExplorerResult:
    """Judge what came from the browser: its form, and whether it belongs to what is shown now."""
    said = {
        name: found.get("value")
        for name, found in state.items()
        if isinstance(found, Mapping) and found.get("of") == of
    }
    dims = entry.model_config.latent_dim if entry else None
    count = entry.probe_count if entry else 0
    z, axes, layers = said.get("z"), said.get("axes"), said.get("layers")
    is_latent = isinstance(z, list) and len(z) == dims and all(_is_number(value) for value in z)
    are_names = isinstance(layers, list) and all(name in LAYERS for name in layers)
    return ExplorerResult(
        z=tuple(float(value) for value in z or ()) if is_latent else None,
        axes=axes if isinstance(axes, str) else None,
        layers=tuple(layers or ()) if are_names else None,
        from_=_index(said.get("from"), count),
        to=_index(said.get("to"), count),
        keyframe=_index(said.get("keyframe"), MOST_STEPS),
        order=said.get("order"),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _index(value: Any, count: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count else None
