"""The way of an image through a model, drawn; its parts light up with the settings that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import streamlit as st

from ui.page.pictures import data_url
from ui.train.image_choice import picture_of
from vae_core.config.families import FAMILIES
from vae_core.config.settings import SETTINGS

_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("images", "binarize"),
    "encoder": ("architecture", "width"),
    "posterior": ("family", "temperature"),
    "pull": ("beta", "beta_warmup_epochs", "free_bits"),
    "code": ("latent_dim", "n_categories", "family"),
    "decoder": ("architecture", "width"),
    "made": ("likelihood", "images"),
}

SETTINGS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **_OWN,
    "learn": tuple(name for name in SETTINGS if not any(name in names for names in _OWN.values())),
}
"""By the drawing's parts, names of the settings (a field's key without `train_`)."""


def diagram(*, images: str, family: str, latent_dim: int, beta: float, n_categories: int) -> None:
    """Draw the diagram with what the fields say, and what lights its parts.

    Args:
        images: name of the image set.
        family: of the model.
        latent_dim: D.
        beta: weight of the KL.
        n_categories: of each dimension, where the family has categories.
    """
    traits = FAMILIES[family]
    drawn = (
        drawing(
            images,
            latent_dim,
            beta if traits.has_term("kl") else None,
            n_categories if traits.latent_kind == "categorical" else 0,
        )
        if traits.has_encoder
        else contest(images, latent_dim)
    )
    with st.container(key="train_diagram"):
        st.html(_lights() + drawn)


def drawing(images: str, latent_dim: int, beta: float | None, categories: int = 0) -> str:
    """Return the drawing as HTML.

    Args:
        images: name of the image set.
        latent_dim: D.
        beta: weight of the KL; None: the code is one point, and nothing pulls at it.
        categories: of each dimension; 0: dimensions are numbers.
    """
    lies, where = (
        ("chances", "of each category") if categories else ("mean, deviation", "where the code may lie")
    )
    gives = "chances of categories" if categories else "a mean and a deviation"
    pulled = "to even chances: beta" if categories else "to the middle: beta"
    z = _numbers(latent_dim) if not categories else f"{latent_dim} × {categories} categories"
    middle = (
        _part("posterior", lies, where) + _part("pull", f"pull × {beta:g}", pulled)
        if beta is not None
        else ""
    )
    return (
        '<div class="train-diagram" role="img" aria-label="An image goes through the encoder, which gives '
        f'{gives}; from these a code z is drawn; the decoder makes an image of it.">'
        f"{_picture('image', images, 'in', 'image')}{_net('encoder', 'encoder')}{middle}"
        f"{_part('code', f'z: {z}', 'a dot on the map')}"
        f"{_net('decoder', 'decoder')}{_picture('made', images, 'out', 'image again')}"
        f"{_part('learn', 'compare, learn', 'all weights move a little')}</div>"
    )


def contest(images: str, latent_dim: int) -> str:
    """Return the drawing of a decoder without an encoder, and of what it learns against, as HTML.

    Args:
        images: name of the image set.
        latent_dim: D.
    """
    return (
        '<div class="train-diagram train-contest" role="img" aria-label="A code z is drawn from the prior; '
        'the decoder makes a sample of it; the discriminator says of samples and images which are real.">'
        f"{_part('code', f'z: {_numbers(latent_dim)}', 'drawn from the prior')}"
        f"{_net('decoder', 'decoder')}{_picture('made', images, 'out', 'sample')}"
        f"{_picture('image', images, 'in', 'image')}{_net('encoder', 'discriminator')}"
        f"{_part('learn', 'real or made?', 'each net against the other')}</div>"
    )


def _numbers(latent_dim: int) -> str:
    return f"{latent_dim} number{'' if latent_dim == 1 else 's'}"


def _picture(part: str, images: str, what: str, words: str) -> str:
    path = picture_of(images, what)
    shown = f'<img alt="" src="{data_url(path.read_bytes())}">' if path else "<i>x</i>"
    return f'<div class="part part-{part}"><span>{shown}</span><b>{escape(words)}</b></div>'


def _net(part: str, words: str) -> str:
    return f'<div class="part part-{part} part-net"><b>{escape(words)}</b></div>'


def _part(part: str, words: str, caption: str) -> str:
    return f'<div class="part part-{part}"><b>{escape(words)}</b><small>{escape(caption)}</small></div>'


def _lights() -> str:
    """Return the style by which a part lights up while the hand is at one of its settings."""
    rules = []
    for part, names in SETTINGS_OF.items():
        fields = ", ".join(f".st-key-train_{name}" for name in names)
        if part == "image" or part == "made":
            fields += ", .st-key-train_pictures"
        at = f".st-key-train_page:has(:is({fields}):is(:hover, :focus-within))"
        rules.append(f"{at} .part-{part} {{ --lit: 1; }}")
    return f"<style>{' '.join(rules)}</style>"
