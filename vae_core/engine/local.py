"""The engine on one machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_core.config import ModelConfig, TrainConfig
from vae_core.engine.info import Job, RunInfo

if TYPE_CHECKING:
    import asyncio


class Subscription:
    """Hold the newest message of each kind for one watching client."""

    def take(self) -> list[tuple[int, bytes]]:
        """Return what may be sent now, as (sequence number, message)."""
        raise NotImplementedError

    def ack(self, seq: int) -> None:
        """Note that the client has dealt with a message, and with all before it."""
        raise NotImplementedError

    def hand(self, on: bool) -> None:
        """Note whether the client's hand is on the map or a slider: only then it gets weights."""
        raise NotImplementedError

    def close(self) -> None:
        """End the subscription."""
        raise NotImplementedError


class Engine:
    """Run trainings and jobs in worker processes; every call returns at once."""

    def __init__(self, home: Path | None = None) -> None:
        raise NotImplementedError

    def start_run(
        self, owner: str, *, image_set: str, model: ModelConfig, train: TrainConfig, title: str = ""
    ) -> RunInfo:
        """Start a run; an active one of the same owner is stopped first and stays on disk."""
        raise NotImplementedError

    def current_run(self, owner: str) -> RunInfo | None:
        """Return the owner's newest run, whatever its state, or None."""
        raise NotImplementedError

    def run(self, owner: str, run_id: str) -> RunInfo:
        """Return a run.

        Raises:
            KeyError: there is no such run.
            PermissionError: it is someone else's.
        """
        raise NotImplementedError

    def pause(self, owner: str, run_id: str) -> RunInfo:
        """Let a run rest; it keeps its place in memory."""
        raise NotImplementedError

    def resume(self, owner: str, run_id: str) -> RunInfo:
        """Go on with a paused, stopped, failed or parked run."""
        raise NotImplementedError

    def step(self, owner: str, run_id: str, steps: int = 1) -> RunInfo:
        """Take so many optimiser steps, then rest."""
        raise NotImplementedError

    def stop(self, owner: str, run_id: str) -> RunInfo:
        """End a run; it stays on disk and can be resumed."""
        raise NotImplementedError

    def set(self, owner: str, run_id: str, **settings: float) -> RunInfo:
        """Change beta, learning_rate, beta_warmup_epochs or free_bits, from the next step on."""
        raise NotImplementedError

    def save_run(self, owner: str, run_id: str, path: Path) -> Job:
        """Write the run's model as a bundle at `path`."""
        raise NotImplementedError

    def submit(self, owner: str, function: str, **arguments: Any) -> Job:
        """Start a job: a function of `vae_core.engine.jobs` with its arguments."""
        raise NotImplementedError

    def job(self, owner: str, job_id: str) -> Job:
        """Return a job; KeyError and PermissionError as `run`."""
        raise NotImplementedError

    def subscribe(
        self, owner: str, run_id: str, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]
    ) -> Subscription:
        """Watch a run; `wake` is called in `loop` whenever there is something to take."""
        raise NotImplementedError

    def close(self) -> None:
        """Put all runs on disk and end the workers, within two seconds."""
        raise NotImplementedError


def get_engine() -> Engine:
    """Return the process's engine, started on first use."""
    raise NotImplementedError


def warm_engine() -> None:
    """Start the engine and its workers without waiting for them."""


def close_engine() -> None:
    """End the process's engine, if it was ever started."""
