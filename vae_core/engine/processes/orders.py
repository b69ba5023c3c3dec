"""What the server tells a worker to do: a frozen dataclass for every order.

`key` names the run that an order is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.processes.wire import Payload


@dataclass(frozen=True)
class RunKey:
    """Name a run as it was loaded once.

    Attributes:
        run: the run's name.
        generation: how often it had been loaded by then: what is said of an earlier time is out of date.
    """

    run: str
    generation: int


# Orders about a run


@dataclass(frozen=True)
class Load:
    """Take a run into memory, from its state on disk if there is one.

    Attributes:
        key: names the run from now on.
        owner: hash of the owner's name: turns are theirs.
        folder: the run's.
        image_set: name of the images it learns from.
        model: what is trained.
        train: the settings as they are now; they may have changed since the state was written.
        paused: whether it is to rest.
        has_origin: whether it begins with another run's state or keyframe, or with what a model has learned.
        is_new: whether its first turn comes early.
    """

    key: RunKey
    owner: str
    folder: str
    image_set: str
    model: ModelConfig
    train: TrainConfig
    paused: bool
    has_origin: bool
    is_new: bool


@dataclass(frozen=True)
class Resume:
    """Train on."""

    key: RunKey


@dataclass(frozen=True)
class Pause:
    """Rest, in memory."""

    key: RunKey


@dataclass(frozen=True)
class Drop:
    """Put a run on disk and let go of it."""

    key: RunKey


@dataclass(frozen=True)
class Step:
    """Take some steps, then rest.

    Attributes:
        steps: how many; None for those to the end of the epoch, or a whole one at its beginning.
        request: comes back with `Rested`.
    """

    key: RunKey
    steps: int | None
    request: int


@dataclass(frozen=True)
class Explain:
    """Take one step, tell all that happened in it, and rest.

    Attributes:
        request: comes back with `Rested`.
    """

    key: RunKey
    request: int


@dataclass(frozen=True)
class Change:
    """Change settings from the next step on.

    Attributes:
        values: the new values by the settings' names.
    """

    key: RunKey
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Watch:
    """Note who watches a run.

    Attributes:
        watchers: how many do.
        hands: how many of them have a hand on the map, and so want weights.
        all_hands: hands on the maps of all runs.
    """

    key: RunKey
    watchers: int
    hands: int
    all_hands: int


@dataclass(frozen=True)
class ShowPinned:
    """Bring the pictures of what watchers pinned with the frames.

    Attributes:
        pins: latents, (D,) each; none any more where there are none.
    """

    key: RunKey
    pins: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SendWeights:
    """Send the decoder's weights."""

    key: RunKey


@dataclass(frozen=True)
class Flush:
    """Write a run's present state to a file of its own, if it is in memory; `Flushed` is the answer.

    Attributes:
        path: a new file.
    """

    key: RunKey
    path: str


# Orders about jobs


@dataclass(frozen=True)
class DoJob:
    """Do a job.

    Attributes:
        job: its name.
        function: a name in `vae_core.engine.tasks.functions`.
        arguments: the function's, JSON-able values and bytes.
    """

    job: str
    function: str
    arguments: Payload


@dataclass(frozen=True)
class CancelJob:
    """End a job at its next sign of progress.

    Attributes:
        job: its name.
    """

    job: str


RunOrder = Load | Resume | Pause | Drop | Step | Explain | Change | Watch | ShowPinned | SendWeights | Flush
JobOrder = DoJob | CancelJob
Order = RunOrder | JobOrder
