"""The fields of Train: drawn, remembered, and judged together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st

from ui.page import state
from ui.page.text import count, image_size, plain
from ui.train.actions import set_live
from ui.train.help_texts import IMAGES, IMAGES_HELP, beta_help, collapse_note
from ui.train.image_choice import image_choice, suit_images
from ui.train.settings import Settings, current_settings, sets_here, step_note, whole_time
from ui.train.weights_choice import weights_choice
from vae_core import ImageSetInfo
from vae_core.config.families import FAMILIES
from vae_core.config.settings import SETTINGS, Choice, Number

FOLDED: Final = tuple(f"train_{name}" for name, setting in SETTINGS.items() if setting.folded)
"""Settings under "More"."""

MORE: Final = "train_more"
"""Session key: whether these are to be seen."""

_REFUSED: Final = "train_more_refused"
"""Session key: which of them were refused when the page was drawn last."""

_TO_OPEN: Final = "train_more_to_open"
"""Session key: there when the page is drawn anew in order to show them."""


def fields() -> Settings:
    """Draw all fields and return what they say; what cannot work is said beside its field."""
    if st.session_state.pop(_TO_OPEN, False) or _are_refused_in_link():
        st.session_state[MORE] = True
    sets = {info.name: info for info in sets_here()}
    below: dict[str, Any] = {}

    with _beside(state.TRAIN_IMAGES, below):
        images = st.selectbox(
            IMAGES,
            list(sets),
            index=list(sets).index(state.DEFAULT_IMAGES),
            key=state.TRAIN_IMAGES,
            bind="query-params",
            filter_mode=None,
            help=IMAGES_HELP,
            on_change=suit_images,
        )
    info = sets[images]
    image_choice(images, sets)
    st.caption(f"{plain(info.title)}. {count(info.size, 'image')}, {image_size(info.shape)}")
    time, begins = st.empty(), st.empty()
    asked = [setting for setting in SETTINGS.values() if setting.asked]
    values: dict[str, Any] = {setting.name: setting.default for setting in asked}
    first = st.container()
    more = st.expander("More", icon=":material/tune:", key=MORE, on_change="rerun")
    with more, _beside(state.TRAIN_WEIGHTS, below):
        weights_choice()
    for setting in asked:  # in their own order: whether a field concerns a family is known once that is drawn
        with more if setting.folded else first:
            values[setting.name] = _field(setting, values, info, below)
    _hide([setting for setting in asked if not setting.concerns(values["family"], values["architecture"])])

    settings = current_settings()
    for key, sentence in settings.wrong.items():
        below[key].caption(f":red[:material/error: {plain(sentence)}]")
    if settings.begin_with is not None and state.TRAIN_WEIGHTS not in settings.wrong:
        begins.caption(
            f":material/history_edu: Begins with what **{plain(settings.begin_with.title)}** has learned."
        )
    if note := step_note(settings):
        below["train_batch_size"].caption(f":material/hourglass: {note}")
    if info.path and (note := whole_time(settings, info)):  # of one's own images nobody knows it
        time.caption(f":material/hourglass: {note}")
    return settings


def unfold(settings: Settings) -> None:
    """Open "More" when a field in it has come to be refused; whoever folds it again may.

    The page's last call: by then all fields have their values, and the page is drawn anew.
    """
    before = frozenset() if state.entered() else st.session_state.get(_REFUSED, frozenset())
    refused = st.session_state[_REFUSED] = frozenset((*FOLDED, state.TRAIN_WEIGHTS)).intersection(
        settings.wrong
    )
    if refused - before and not st.session_state[MORE]:
        st.session_state[_TO_OPEN] = True
        st.rerun()


def _are_refused_in_link() -> bool:
    """Whether the link says of a folded field what cannot be: once that is drawn, the link is silent."""
    given = {key: st.query_params[key] for key in FOLDED if key in st.query_params}
    return any(state.TRAIN_SETTINGS[key].problem(text) for key, text in given.items())


@contextmanager
def _beside(key: str, below: dict[str, Any]) -> Iterator[None]:
    """Keep a place right below a field for what is wrong with it."""
    yield
    below[key] = st.empty()


def _field(
    setting: Choice | Number, values: Mapping[str, Any], info: ImageSetInfo, below: dict[str, Any]
) -> Any:
    """Draw a setting's field and return what it says.

    Args:
        setting: what is asked for.
        values: what is known of all settings so far.
        info: the images.
        below: takes the place for what is wrong with it, by the field's key.
    """
    key = f"train_{setting.name}"
    more: dict[str, Any] = {"on_change": set_live, "args": (key,)} if setting.live else {}
    more |= {"key": key, "bind": "query-params", "help": _help(setting, info)}
    if not setting.concerns(values["family"], values["architecture"]):
        more["disabled"] = True
    with _beside(key, below):
        if isinstance(setting, Choice):
            value: Any = _choice(setting, more, _offered(setting, info))
        else:
            value = _number(setting, more)
    if setting.name == "likelihood" and FAMILIES[values["family"]].has_term("kl"):
        note = collapse_note(str(value), info.name)
        if note:
            st.caption(f":material/info: {note}")
    return value


def _hide(unasked: Sequence[Choice | Number]) -> None:
    """Show no fields that do not concern what is chosen; they keep what they say, for when they do."""
    keys = ", ".join(f".st-key-train_{setting.name}" for setting in unasked)
    st.html(f"<style>{keys} {{ display: none; }}</style>" if keys else "<style></style>")


def _help(setting: Choice | Number, info: ImageSetInfo) -> str:
    return beta_help(math.prod(info.shape)) if setting.name == "beta" else setting.help


def _offered(setting: Choice, info: ImageSetInfo) -> list[str]:
    """Return what a field offers; a family that is told classes wants images that have some."""
    every = list(setting.options)
    if setting.name != "family" or info.label_names:
        return every
    offered = [name for name in every if not FAMILIES[name].told_classes]
    asked = st.query_params.get("train_family", "")
    if asked in set(every) - set(offered):
        said = f"{asked} wants images with classes, and {plain(info.title)} has none"
        state.add_problems([f"{said}; showing {setting.default} instead."])
    return offered


def _choice(setting: Choice, more: Mapping[str, Any], options: list[str]) -> str:
    kept = st.session_state.get(more["key"])
    if kept is not None and len(options) < len(setting.options):  # other options are another widget
        st.session_state[more["key"]] = kept if kept in options else setting.default
    chosen: str = st.selectbox(
        setting.title, options, index=options.index(setting.default), filter_mode=None, **more
    )
    return chosen


def _number(setting: Number, more: Mapping[str, Any]) -> float:
    chosen: float = st.number_input(
        setting.title,
        **state.number(f"train_{setting.name}").bounds(),
        step=int(setting.step) if setting.whole else float(setting.step),
        format="%d" if setting.whole else "%g",
        **more,
    )
    return chosen
