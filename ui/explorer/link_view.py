"""Keep what the browser component shows and what the link says in step.

The component is told its view; the hand changes it there; what the hand chose goes into the link and is told
back. Back and Forward change the link, and so the view. Each model keeps the view in which it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import streamlit as st

from ui.page import state

Values: TypeAlias = dict[str, str]
Check: TypeAlias = Callable[[Values], tuple[Values, Sequence[str]]]
"""Takes the link's values; returns those that can be used, and a sentence on each of the others."""


@dataclass
class _View:
    """Hold the view of one model, what the hand had chosen by then, and what the link held after that."""

    model: str
    now: Values
    chosen: Values
    linked: Values = field(default_factory=dict)


def in_step(page: str, model: str, names: Sequence[str], check: Check, chosen: Mapping[str, str]) -> Values:
    """Return the view to tell the component, by the names of the URL, and write it into the link.

    Args:
        page: the page's name.
        model: what the view belongs to: another model's view means nothing.
        names: the view's names in the URL.
        check: says which of the link's values this model can use.
        chosen: what the hand has chosen in the component; what it has not touched is absent.
    """
    key, link, picked = f"{page}_view", _link(names), dict(chosen)
    before: _View | None = st.session_state.get(key)
    if before is None or before.model != model or state.entered():
        left: dict[str, Values] = state.remembered(f"{key}s_left", dict)
        if before is not None:
            left[before.model] = before.now
        is_new = before is None or state.entered() or link != before.linked
        view = _View(model, (_usable(link, check) if is_new else {}) or left.get(model, {}), picked)
    else:
        view = before
        if picked != view.chosen:
            view.now, view.chosen = {**view.now, **picked}, picked
        elif link != view.linked:
            view.now = _usable(link, check)
    _write(names, view.now)
    view.linked = view.now
    st.session_state[key] = view
    return view.now


def _link(names: Sequence[str]) -> Values:
    return {name: st.query_params[name] for name in names if name in st.query_params}


def _usable(link: Values, check: Check) -> Values:
    usable, sentences = check(link)
    state.add_problems(sentences)
    return usable


def _write(names: Sequence[str], values: Values) -> None:
    """Change the link only where it differs: each change is an entry in the browser's history."""
    for name in names:
        if name in st.query_params and name not in values:
            del st.query_params[name]
    changed = {name: value for name, value in values.items() if st.query_params.get(name) != value}
    if changed:
        st.query_params.update(changed)
