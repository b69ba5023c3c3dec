"""The fields of Train, read together: the two configs they make, and what is wrong beside which field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.library.entry import ModelEntry
from ui.library.going_on import why_not_begun
from ui.library.image_library import ImageLibrary
from ui.page.state import TRAIN_SETTINGS, TRAIN_WEIGHTS
from ui.page.text import count, duration, image_size
from ui.train.help_texts import IMAGES
from ui.train.weights_choice import chosen_weights
from vae_core import ImageSetInfo, ModelConfig, TrainConfig, image_sets
from vae_core.config.configs import check_together, count_weights, offered_architectures
from vae_core.config.families import FAMILIES
from vae_core.config.settings import SETTINGS, of_config
from vae_core.engine import RunInfo, TooLargeError, check_memory, get_engine

_MODEL_FIELDS: Final = tuple(setting.name for setting in of_config("model") if setting.asked)
_TRAIN_FIELDS: Final = tuple(setting.name for setting in of_config("train") if setting.asked)


LIKELIHOOD: Final = "train_likelihood"
OF_COLOUR: Final = "gaussian_learned"
"""The likelihood with which colour begins: its levels are no probabilities, as those of ink are nearly."""

NOTED_SECONDS: Final = 1.0
"""From here on it is said how long a step takes."""


@dataclass(frozen=True)
class Settings:
    """Hold what the fields say.

    Attributes:
        images: the image set's name.
        model: what is to be trained, or None if the fields do not fit together.
        train: how, or None.
        wrong: what is wrong, by the key of the field it stands beside.
        begin_with: the model of the library with whose weights it begins; None: with weights of its own.
    """

    images: str
    model: ModelConfig | None
    train: TrainConfig | None
    wrong: Mapping[str, str]
    begin_with: ModelEntry | None = None


def read_settings(
    values: Mapping[str, Any], info: ImageSetInfo, begin_with: ModelEntry | None = None
) -> Settings:
    """Make the configs that the fields describe.

    Args:
        values: the fields' values by key.
        info: the image set chosen.
        begin_with: the model chosen to begin with, if any.
    """
    wrong: dict[str, str] = {}
    model = train = None
    if not info.available:
        wrong["train_images"] = "These images are not on this machine yet: get them on the Images page."
    chosen = concerning({name: values[f"train_{name}"] for name in (*_MODEL_FIELDS, *_TRAIN_FIELDS)})
    try:
        model = ModelConfig(
            image_shape=info.shape,
            n_classes=len(info.label_names) if FAMILIES[chosen["family"]].told_classes else 0,
            **{name: chosen[name] for name in _MODEL_FIELDS},
        )
    except ValueError as error:
        wrong[_field(str(error), "train_architecture")] = _sentence(error)
    try:
        train = TrainConfig(**{name: chosen[name] for name in _TRAIN_FIELDS})
    except ValueError as error:
        wrong[_field(str(error), "train_epochs")] = _sentence(error)
    if model and model.architecture not in offered_architectures(info.shape):
        slow = f"{model.architecture} is too slow for {image_size(info.shape)}"
        wrong["train_architecture"] = f"{slow}: take conv."
    if model and train:
        try:
            check_together(model, train)
        except ValueError as error:
            wrong[_field(str(error), "train_binarize")] = _sentence(error)
    if begin_with is not None and (why := why_not_begun(begin_with, model)):
        wrong[TRAIN_WEIGHTS] = why
    if model and train and not wrong:
        try:
            check_memory(info, model, train)
        except TooLargeError as error:
            wrong[f"train_{error.setting}"] = str(error)
    return Settings(info.name, model, train, wrong, begin_with)


def concerning(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by name, each that does not concern this family and architecture at its default."""
    kind = values["family"], values["architecture"]
    return {
        name: value if SETTINGS[name].concerns(*kind) else SETTINGS[name].default
        for name, value in values.items()
    }


def sets_here() -> tuple[ImageSetInfo, ...]:
    """Return the sets that this browser knows: those of all, then its own, the newest first."""
    return (*image_sets(), *ImageLibrary(current_owner()).infos())


def suited(now: str, info: ImageSetInfo) -> str:
    """Return the likelihood that suits images which have just been chosen: colour begins with a learned one.

    Args:
        now: what the field says.
        info: the images.

    Returns:
        What the field should say: what it says, where that is nobody's default.
    """
    default = SETTINGS["likelihood"].default
    if now not in (default, OF_COLOUR):
        return now
    return OF_COLOUR if info.shape[0] == 3 else str(default)


def current_settings() -> Settings:
    """Read the fields as they are in this session."""
    info = next(info for info in sets_here() if info.name == st.session_state["train_images"])
    return read_settings({key: st.session_state[key] for key in TRAIN_SETTINGS}, info, chosen_weights())


def stored_settings(run: RunInfo) -> dict[str, Any]:
    """Return the values of the fields that describe a run, by key."""
    values = {f"train_{name}": getattr(run.model, name) for name in _MODEL_FIELDS}
    return {
        "train_images": run.image_set,
        **values,
        **{f"train_{name}": getattr(run.train, name) for name in _TRAIN_FIELDS},
    }


def other_net(run: RunInfo, settings: Settings) -> str:
    """Name the fields that describe another net or other images than a run's; "" if none does."""
    fields = [IMAGES] if settings.images != run.image_set else []
    fields += [
        SETTINGS[name].title
        for name in _MODEL_FIELDS
        if settings.model is not None and getattr(settings.model, name) != getattr(run.model, name)
    ]
    return ", ".join(fields)


def is_same_run(run: RunInfo, settings: Settings) -> bool:
    """Whether the fields describe the run that is there."""
    begins_with = settings.begin_with.title if settings.begin_with else ""
    return run.train == settings.train and run.begins_with == begins_with and not other_net(run, settings)


def weights_note(model: ModelConfig) -> str:
    """Say how large a model is."""
    weights = count_weights(model)
    return f"{weights / 1e6:.1f} M weights" if weights >= 1e6 else count(round(weights, -3), "weight")


def step_note(settings: Settings) -> str:
    """Say how long a step of these settings takes, where someone would wait for it; else ""."""
    if settings.model is None or settings.train is None or settings.wrong:
        return ""
    seconds = get_engine().step_seconds(settings.model, settings.train)
    if seconds < NOTED_SECONDS:
        return ""
    return f"About {duration(seconds)} for each step on this machine. A smaller batch or net is quicker."


def whole_time(settings: Settings, info: ImageSetInfo) -> str:
    """Say how long a run of these settings takes on this machine, for one who trains alone; else ""."""
    if settings.model is None or settings.train is None or settings.wrong:
        return ""
    steps = math.ceil(info.size / settings.train.batch_size) * settings.train.epochs
    seconds = steps * get_engine().step_seconds(settings.model, settings.train)
    said = duration(seconds) if seconds < 1 else f"about {duration(seconds)}"
    return f"{said[:1].upper()}{said[1:]} for {count(settings.train.epochs, 'epoch')} on this machine."


def _field(message: str, otherwise: str) -> str:
    """Return the key of the field that a config's complaint names first."""
    name = message.split(" ", 1)[0]
    return f"train_{name}" if name in (*_MODEL_FIELDS, *_TRAIN_FIELDS) else otherwise


def _sentence(error: ValueError) -> str:
    """Say in the page's words what a config said in its own."""
    text = str(error)
    for name in (*_MODEL_FIELDS, *_TRAIN_FIELDS):
        if text.startswith(f"{name} "):
            text = SETTINGS[name].title + text[len(name) :]
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
