"""A task: a page with settings, a sentence that says what to do there, and perhaps a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from ui.library import links
from ui.page import state
from ui.page.text import count, tidy
from vae_core.config import settings as core

TaskPage = Literal["train", "explore", "interpolate"]
PAGES: Final[tuple[TaskPage, ...]] = ("train", "explore", "interpolate")
LONGEST_SENTENCE: Final = 200
LONGEST_MINUTES: Final = 180

_NAMES: Final = {state.TRAIN_IMAGES, state.EXPLORE_MODEL, state.INTERPOLATE_MODEL}
"""Settings that are told by their value alone."""


@dataclass(frozen=True)
class Task:
    """Hold what others are to do.

    Attributes:
        page: where.
        query: settings of that page, as a link has them.
        sentence: what to do there, as its maker wrote it.
        minutes: how long it may take; 0: as long as it takes.
    """

    page: TaskPage
    query: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""
    minutes: int = 0

    def to_text(self) -> str:
        """Write it as a link keeps it."""
        return json.dumps(asdict(self))

    @property
    def words(self) -> str:
        """All of it in words: `Train, beta 4. Find out what happens to the dots. 5 minutes.`"""
        first = ", ".join(
            [self.page.capitalize(), *(_in_words(name, text) for name, text in self.query.items())]
        )
        time = count(self.minutes, "minute") if self.minutes else ""
        return " ".join(_sentence(part) for part in (first, tidy(self.sentence), time) if part)


def read_task(text: str) -> Task | None:
    """Read what `Task.to_text` wrote; None where a later version wrote it."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        said = json.loads(text)
        query = {str(name): str(value) for name, value in said["query"].items()}
        if said["page"] in PAGES:
            return Task(said["page"], query, str(said["sentence"]), int(said["minutes"]))
    return None


def find_task(token: str) -> Task | None:
    """Return the task that a link leads to; None when it leads nowhere, or was taken back."""
    link = links.find(token, "task")
    return read_task(link.what) if link is not None else None


def _in_words(name: str, text: str) -> str:
    """Say what a setting is: `mnist-2`, `beta 4`, `2 latent dimensions`."""
    setting = core.SETTINGS.get(name.partition("_")[2])
    if name in _NAMES or setting is None:
        return text
    return f"{setting.title.lower()} {text}"


def _sentence(part: str) -> str:
    return part[:1].upper() + part[1:] + ("" if part.endswith((".", "?", "!")) else ".")
