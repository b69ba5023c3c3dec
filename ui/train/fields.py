"""The fields of Train: drawn, remembered, and judged together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st

from ui.page import state
from ui.page.text import count, image_size, plain
from ui.train.actions import set_live
from ui.train.help_texts import HELP, LABELS, beta_help, collapse_note
from ui.train.settings import LIVE, Settings, current_settings
from vae_core import image_sets

FOLDED: Final = ("train_width", "train_beta_warmup_epochs", "train_free_bits", "train_binarize")
"""Fields under "More settings"."""

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
    sets = {info.name: info for info in image_sets()}
    below: dict[str, Any] = {}

    with _beside(state.TRAIN_IMAGES, below):
        images = st.selectbox(
            LABELS[state.TRAIN_IMAGES],
            list(sets),
            index=list(sets).index(state.DEFAULT_IMAGES),
            key=state.TRAIN_IMAGES,
            bind="query-params",
            filter_mode=None,
            help=HELP[state.TRAIN_IMAGES],
        )
    info = sets[images]
    st.caption(f"{info.title}. {count(info.size, 'image')}, {image_size(info.shape)}")
    article = _choice("train_architecture", below) == "article"
    is_vae = _choice("train_family", below) == "vae"
    likelihood = _choice("train_likelihood", below)
    note = collapse_note(likelihood, images) if is_vae else ""
    if note:
        st.caption(f":material/info: {note}")
    _number("train_latent_dim", below)

    pixels = info.shape[0] * info.shape[1] * info.shape[2]
    _number("train_beta", below, help=beta_help(pixels), step=0.5, disabled=not is_vae)
    _number("train_learning_rate", below, step=1e-4)
    _number("train_epochs", below)
    _number("train_batch_size", below)
    _number("train_seed", below)
    with st.expander("More settings", key=MORE, on_change="rerun"):
        _number("train_width", below, step=0.125, disabled=article)
        _number("train_beta_warmup_epochs", below, disabled=not is_vae)
        _number("train_free_bits", below, step=0.1, disabled=not is_vae)
        _choice("train_binarize", below)

    settings = current_settings()
    for key, sentence in settings.wrong.items():
        below[key].caption(f":red[:material/error: {plain(sentence)}]")
    return settings


def unfold(settings: Settings) -> None:
    """Open "More settings" when a field in it has come to be refused; whoever folds it again may.

    The page's last call: by then all fields have their values, and the page is drawn anew.
    """
    before = frozenset() if state.entered() else st.session_state.get(_REFUSED, frozenset())
    refused = st.session_state[_REFUSED] = frozenset(FOLDED).intersection(settings.wrong)
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


def _choice(key: str, below: dict[str, Any]) -> str:
    setting = state.choice(key)
    with _beside(key, below):
        return st.selectbox(
            LABELS[key],
            setting.options,
            index=setting.options.index(setting.default),
            key=key,
            bind="query-params",
            filter_mode=None,
            help=HELP[key],
        )


def _number(
    key: str, below: dict[str, Any], *, step: float = 1, disabled: bool = False, help: str = ""
) -> None:
    setting = state.number(key)
    with _beside(key, below):
        st.number_input(
            LABELS[key],
            **setting.bounds(),
            step=int(step) if setting.whole else float(step),
            format="%d" if setting.whole else "%g",
            key=key,
            bind="query-params",
            help=help or HELP[key],
            disabled=disabled,
            on_change=set_live if key in LIVE else None,
            args=(key,) if key in LIVE else None,
        )
