"""What it takes to train a model of the library further: the fields of its net, a link, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ui.library.entry import ModelEntry
from ui.page import state
from ui.page.text import image_size
from vae_core.config.configs import ModelConfig, why_not_gone_on
from vae_core.config.settings import of_config

_LEARNED_BY: Final = ("beta", "binarize")
"""What of a model's own training suits going on from it."""


def fields_of(entry: ModelEntry) -> dict[str, Any]:
    """Return the values of Train's fields that make a model's own net, by key."""
    values = {setting.name: getattr(entry.model_config, setting.name) for setting in _net_fields()}
    if entry.train_config is not None:
        values |= {name: getattr(entry.train_config, name) for name in _LEARNED_BY}
    return {f"train_{name}": value for name, value in values.items()}


def further_query(entry: ModelEntry) -> Mapping[str, str]:
    """Return what a link to Train says in order to train a model further; {} where that cannot be done."""
    if why_not_gone_on(entry.model_config):
        return {}
    values = {
        key: value
        for key, value in fields_of(entry).items()
        if not state.TRAIN_SETTINGS[key].problem(str(value))
    }
    if len(values) < len(fields_of(entry)):  # a net of someone else's: no fields describe it
        return {}
    query = state.link_values(values, state.TRAIN_SETTINGS)
    images = str(entry.image_set.get("name", ""))
    return {state.TRAIN_WEIGHTS: entry.name, **({state.TRAIN_IMAGES: images} if images else {}), **query}


def why_not_begun(entry: ModelEntry, model: ModelConfig | None) -> str:
    """Say why a run of this net cannot begin with a model's weights, and what to do; "" if it can."""
    name, theirs = entry.name, entry.model_config
    if why := why_not_gone_on(theirs):
        return f"{name} cannot be trained further. {why}"
    if model is None or model == theirs:
        return ""
    if model.image_shape != theirs.image_shape:
        ours, wanted = image_size(model.image_shape), image_size(theirs.image_shape)
        return (
            f"{name} draws {wanted}, and these images are {ours}. Choose others, or bring yours at that size."
        )
    other = [
        f"{setting.title} {getattr(theirs, setting.name)}"
        for setting in _net_fields()
        if getattr(theirs, setting.name) != getattr(model, setting.name)
    ]
    if not other:
        other = [f"images of {theirs.n_classes} classes"]
    return f"{name} is another net than the fields describe ({', '.join(other)}). Set them so."


def _net_fields() -> tuple[Any, ...]:
    return tuple(setting for setting in of_config("model") if setting.asked)
