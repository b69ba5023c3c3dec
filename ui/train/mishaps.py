"""Mishaps worth seeing: settings that go wrong within seconds, each in its own way, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ui.page.state import DEFAULT_IMAGES, TRAIN_SETTINGS

PICTURES: Final = Path(__file__).resolve().parents[2] / "assets" / "mishaps"
"""What each comes to, by name; `ui.train.recording` draws it."""


@dataclass(frozen=True)
class Mishap:
    """Describe one mishap.

    Attributes:
        name: what it is called in keys.
        title: what it is called for people; a run of it has that title.
        question: what one wonders who has not seen it yet.
        look: one sentence on what to look at.
        changes: the fields that make it, by key; all others are at their defaults.
    """

    name: str
    title: str
    question: str
    look: str
    changes: Mapping[str, Any]

    @property
    def picture(self) -> Path:
        """Where the dots of such a run end, and one of its reconstructions."""
        return PICTURES / f"{self.name}.webp"

    def values(self) -> dict[str, Any]:
        """Return the values of all fields, by key."""
        defaults = {key: setting.default for key, setting in TRAIN_SETTINGS.items()}
        return {"train_images": DEFAULT_IMAGES, **defaults, **self.changes}


MISHAPS: Final = (
    Mishap(
        "collapse",
        "Posterior collapse",
        "What if no detail is worth its price?",
        "KL falls to zero, all dots draw together in one spot, and every reconstruction is the same grey "
        "average: with variance 1, no direction of these digits is worth its price.",
        {"train_images": "digits", "train_likelihood": "gaussian", "train_architecture": "mlp"}
        | {"train_epochs": 100},
    ),
    Mishap(
        "averaged",
        "Loss averaged over pixels",
        "What if the pull is 784 times as strong?",
        "Beta is 784, which is what averaging over 28×28 pixels amounts to: KL falls to zero, and every "
        "picture turns into the same blur.",
        {"train_beta": 784.0, "train_architecture": "mlp"},
    ),
    Mishap(
        "holes",
        "No KL at all",
        "What if nothing pulls the dots together?",
        "Nothing holds the dots near the middle: they fly far apart, and between them lie holes. Go to "
        "an empty place: what it decodes to is no digit.",
        {"train_family": "autoencoder", "train_architecture": "mlp"},
    ),
    Mishap(
        "too_fast",
        "Learning rate too high",
        "What if every step is far too long?",
        "The first steps are so large that most units of the net die: the dots fall into one spot, every "
        "picture is the same blur, and no patience brings them back.",
        {"train_learning_rate": 0.3, "train_architecture": "mlp"},
    ),
    Mishap(
        "one_number",
        "One latent dimension",
        "What if one number must say it all?",
        "All digits must stand in one line, so kinds overlap and the reconstructions mix them up; "
        "move along the line and see which neighbours it found.",
        {"train_latent_dim": 1, "train_architecture": "mlp"},
    ),
    Mishap(
        "too_small",
        "Too small a net",
        "What if the net is too small to learn?",
        "There is room for 16 numbers in the code, but an eighth of the width cannot fill them: the "
        "reconstructions stay blurred and the curves flatten far too low. Compare width 1.",
        {"train_width": 0.125, "train_latent_dim": 16},
    ),
)


def mishap(name: str) -> Mishap:
    """Return the mishap of that name."""
    return next(each for each in MISHAPS if each.name == name)


def what_to_look_at(title: str) -> str:
    """Return the sentence for a run of this title, "" if it is no mishap's."""
    return next((each.look for each in MISHAPS if each.title == title), "")
