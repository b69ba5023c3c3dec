"""Keep what the browser component shows and what the link says in step.

The component is told its view when the page opens, when the model changes, and when the link changes from
outside (Back, Forward). After that the hand leads: what the component reports goes into the link and is never
handed back, so that a rerun which arrives late cannot pull the picture from under the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import streamlit as st

from ui import state

Values: TypeAlias = dict[str, str]
Check: TypeAlias = Callable[[Values], tuple[Values, Sequence[str]]]
"""Takes the link's values; returns those that can be used, and a sentence on each of the others."""


@dataclass
class _View:
    """Hold what one component was told, what it has said since, and what the link held after that."""

    model: str
    told: Values
    said: Values = field(default_factory=dict)
    heard: Values = field(default_factory=dict)
    linked: Values = field(default_factory=dict)

    def now(self) -> Values:
        return {**self.told, **self.said}


def begin(page: str, model: str, names: Sequence[str], check: Check) -> Values:
    """Return the view to tell the component, by the names of the URL.

    Args:
        page: the page's name.
        model: what the view belongs to: another model's view means nothing.
        names: the view's names in the URL.
        check: says which of the link's values this model can use.
    """
    key, link = f"{page}_view", _link(names)
    before: _View | None = st.session_state.get(key)
    if before is not None and before.model == model and not state.entered():
        return before.told
    left: dict[str, Values] = state.remembered(f"{key}s_left", dict)
    if before is not None:
        left[before.model] = before.now()
    is_new = before is None or state.entered() or link != before.linked
    told = (_usable(link, check) if is_new else {}) or left.get(model, {})
    st.session_state[key] = _View(model, told, linked=link)
    return told


def follow(page: str, names: Sequence[str], check: Check, said: Mapping[str, str]) -> None:
    """Write what the component says into the link, or tell it what a changed link says.

    Args:
        page: the page's name.
        names: the view's names in the URL.
        check: as given to `begin`.
        said: what the component reports, by the names of the URL; what it has not said is absent.
    """
    view: _View = st.session_state[f"{page}_view"]
    link = _link(names)
    if dict(said) != view.heard:
        view.said = view.heard = dict(said)
    elif link != view.linked:
        view.told, view.said, view.linked = _usable(link, check), {}, link
        st.rerun()
    _write(names, view.now())
    view.linked = view.now()


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
