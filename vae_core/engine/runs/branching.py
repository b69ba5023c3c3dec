"""Branching: a run of its own that begins where another one was, or is, with other settings."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from vae_core.bundles.bundle import read_header
from vae_core.bundles.header import MAX_TITLE
from vae_core.config.configs import TrainConfig, why_not_gone_on
from vae_core.engine.runs.keyframes import encoder_path, find_keyframe, keyframe_path
from vae_core.engine.runs.run import ORIGIN, ORIGIN_ENCODER, ORIGIN_MODEL, STATE, Run
from vae_core.images.own_sets import take_set
from vae_core.storage.home import link_or_copy, new_id

CURVES: Final = ("epoch", "step")
"""What a branch keeps of its parent's history besides the terms."""


def branch_of(parent: Run, step: int | None, train: TrainConfig, title: str) -> Run:
    """Make a run that goes on from another one, on the same axis of epochs.

    Args:
        parent: the other run.
        step: of its keyframe; None for where it stands now.
        train: the branch's settings; its epochs are counted from its parent's beginning.
        title: the branch's title.

    Raises:
        ValueError: nothing would be left to train.
        KeyError: there is no such keyframe.
    """
    start, epoch = (parent.step, parent.epoch) if step is None else find_keyframe(parent.keyframes, step)
    if train.epochs <= epoch:
        raise ValueError(
            f"epochs must be more than {epoch:.3g}, where this branch begins; got {train.epochs}"
        )
    name = new_id()
    terms = [term.name for term in parent.model.traits.computed]
    curves = [*CURVES, *terms, *(f"test_{term}" for term in terms)]
    return Run(
        id=name,
        owner=parent.owner,
        folder=parent.folder.with_name(name),
        title=title or f"{parent.title}, branch"[:MAX_TITLE],
        image_set=parent.image_set,
        model=parent.model,
        train=train,
        created=time.time(),
        epoch=epoch,
        parent={
            "run": parent.id,
            "title": parent.title,
            "step": start,
            "epoch": epoch,
            "history": [{curve: each.get(curve) for curve in curves} for each in parent.history],
        },
    )


def link_images(parent: Run, run: Run) -> None:
    """Let a branch keep the images that its parent learns from, where they are someone's own.

    Raises:
        OSError: the disk is full.
    """
    if parent.images_file.exists():
        take_set(parent.images_file, run.images_file)


def link_origin(parent: Run, run: Run, step: int | None) -> None:
    """Give a branch what it begins with; files are replaced, never changed, so a link will do.

    Args:
        parent: the run it begins from.
        run: the branch.
        step: of the parent's keyframe; None for its state on disk.

    Raises:
        ValueError: there is nothing there to begin with.
        OSError: the disk is full.
    """
    wanted = {ORIGIN: parent.folder / STATE}
    if step is not None:
        wanted = {
            ORIGIN: keyframe_path(parent.folder, step),
            ORIGIN_ENCODER: encoder_path(parent.folder, step),
        }
    try:
        for name, path in wanted.items():
            link_or_copy(path, run.folder / name)
    except FileNotFoundError:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise ValueError("There is nothing there to branch from; take another moment.") from None


def link_model(path: Path, run: Run) -> str:
    """Give a run the model that it begins with, a bundle, which is replaced, never changed; return its title.

    Args:
        path: the bundle.
        run: the run, of a net such as the model's.

    Raises:
        ValueError: the model is no such net, or its file has not all that learns, or is not there any more.
        OSError: the disk is full.
    """
    try:
        header = read_header(path)
        config = header.model_config
        if why := why_not_gone_on(config):
            raise ValueError(why)
        if config != run.model:
            raise ValueError("The model is another net than the one that is to be trained.")
        link_or_copy(path, run.folder / ORIGIN_MODEL)
    except FileNotFoundError:
        raise ValueError("The model to begin with is not there any more; choose another.") from None
    return str(header.card["title"])


def link_last(parent: Run, run: Run) -> None:
    """Let a branch begin with what its parent has on disk, when its newest state was lost with the worker."""
    if not (run.folder / ORIGIN).exists():
        with suppress(OSError):  # there is nothing: the branch will say so itself
            link_or_copy(parent.folder / STATE, run.folder / ORIGIN)
