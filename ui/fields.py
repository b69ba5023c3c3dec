"""The fields of Train: drawn, remembered, and judged together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from ui import state
from ui.run_actions import set_live
from ui.settings import LIVE, Settings, current_settings
from ui.teaching import HELP, LABELS, beta_help, collapse_note
from ui.text import count, image_size, plain
from vae_core import image_sets


def fields() -> Settings:
    """Draw all fields and return what they say; what cannot work is said beside its field."""
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
    with st.expander("More settings"):
        _number("train_width", below, step=0.125, disabled=article)
        _number("train_beta_warmup_epochs", below, disabled=not is_vae)
        _number("train_free_bits", below, step=0.1, disabled=not is_vae)
        _choice("train_binarize", below)

    settings = current_settings()
    for key, sentence in settings.wrong.items():
        below[key].caption(f":red[:material/error: {plain(sentence)}]")
    return settings


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
