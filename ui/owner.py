"""Who this browser is, and the library of models it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_core.config import ModelConfig, TrainConfig

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

COOKIE = "latent_owner"


def current_owner() -> str:
    """Return the name of the browser that runs this page; only for the server's own use, never shown."""
    raise NotImplementedError


def owner_of(connection: HTTPConnection) -> str | None:
    """Return the name of the browser behind a request or WebSocket; None without a proper cookie."""
    raise NotImplementedError


@dataclass(frozen=True)
class ModelEntry:
    """Describe a model of the library by its file's header.

    Attributes:
        name: the file's stem, the model's name in the URL.
        path: the bundle.
        shipped: whether it came with the app and is read-only.
        title: the name for people.
        card: as the bundle has it.
        model_config: what it is.
        train_config: how it was trained.
        image_set: name, title and licence of the images.
        metrics: what was measured.
        history: one entry an epoch.
        size_bytes: size of the file.
        modified: when it was written, in seconds since 1970.
        url: where the browser gets it, below the server's base path.
        digest: names the content.
        problem: one sentence when the file cannot be used, else ""; then only name, path, size are known.
    """

    name: str
    path: Path
    shipped: bool
    title: str
    card: Mapping[str, Any]
    model_config: ModelConfig
    train_config: TrainConfig | None
    image_set: Mapping[str, Any]
    metrics: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...]
    size_bytes: int
    modified: float
    url: str
    digest: str


class Library:
    """Hold the models that one owner sees: the shipped ones, and their own."""

    def __init__(self, owner: str) -> None:
        raise NotImplementedError

    def models(self) -> tuple[ModelEntry, ...]:
        """Return all models, the shipped ones first, then the newest first."""
        raise NotImplementedError

    def get(self, name: str) -> ModelEntry:
        """Return one model; KeyError when there is none of that name."""
        raise NotImplementedError

    def path_for_new(self, title: str) -> Path:
        """Return a free path for a model of this title; LibraryError when the library is full."""
        raise NotImplementedError

    def rename(self, name: str, title: str) -> ModelEntry:
        """Give an own model a new title, and the name that follows from it."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete an own model."""
        raise NotImplementedError

    def add_upload(self, name: str, data: bytes) -> ModelEntry:
        """Take in an uploaded bundle after checking it; waits for the check.

        Raises:
            ValueError: what is wrong with the file.
        """
        raise NotImplementedError
