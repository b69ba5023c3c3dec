"""How long what browsers have is kept when they stay away: a lost cookie leaves what nobody can reach.

A year after its last visit a browser forgets who it was. Its models, image sets and drawings are kept a
little longer, and then go, with the links to them. Where only this machine is served they are kept for ever.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from ui.identity.presence import SEEN_FILE
from ui.library import links
from ui.library.address import only_here
from ui.library.disk import brought, drawing_files
from ui.library.entry import bundles_in
from vae_core.engine.contract import limits
from vae_core.images.own_sets import FOLDER, delete_set, set_files
from vae_core.storage.ages import WallClock
from vae_core.storage.home import latent_home

LOG: Final = logging.getLogger(__name__)
SWEEP_SECONDS: Final = 3600.0
DAY_SECONDS: Final = 24 * 3600.0


def days_kept() -> float:
    """Return for how many days models are kept after their browser's last visit; 0 for ever."""
    if not os.environ.get(limits.KEEP_MODELS_DAYS.name) and only_here():
        return 0.0
    return limits.KEEP_MODELS_DAYS.value()


class Sweeper:
    """Delete the models of those who stayed away, as far as ages can be trusted.

    Args:
        clock: tells how old things are, and when it was set; ages are trusted an hour after that.
    """

    def __init__(self, clock: WallClock | None = None) -> None:
        self.clock = clock or WallClock()

    def sweep(self) -> int:
        """Look through all owners' models; return how many owners lost theirs."""
        owners = latent_home() / "owners"
        if moved := self.clock.jumped():
            LOG.warning("the clock was set by %.0f s: models are taken to be as old as before", moved)
            _shift(owners, moved)
        if self.clock.ran_for() < SWEEP_SECONDS:
            return 0
        brought.sweep(self.clock.wall() - brought.KEPT_SECONDS)
        days = days_kept()
        if not days:
            return 0
        gone = 0
        for owner in _folders(owners):
            models, sets = bundles_in(owner / "models"), set_files(owner / FOLDER)
            drawn = [Path(each) for each in drawing_files.collection_files(owner)]
            if (models or sets or drawn) and _seen(owner) < self.clock.wall() - DAY_SECONDS * days:
                links.forget_owner(owner.name)
                for model in (*models, *drawn):
                    with suppress(OSError):
                        model.unlink()
                for images in sets:
                    with suppress(OSError):
                        delete_set(images)
                LOG.info(
                    "%s stayed away for %g days: %d models, %d image sets and %d drawings are deleted",
                    owner.name[:6],
                    days,
                    len(models),
                    len(sets),
                    len(drawn),
                )
                gone += 1
        return gone


def _folders(owners: Path) -> list[Path]:
    try:
        return list(owners.iterdir())
    except OSError:
        return []


def _seen(owner: Path) -> float:
    """Return when a browser was here last, as far as its files tell, in seconds since 1970."""
    found = []
    folders = [owner / each for each in (SEEN_FILE, "models", FOLDER, drawing_files.FOLDER)]
    for path in (*folders, *bundles_in(owner / "models")):
        with suppress(OSError):
            found.append(path.stat().st_mtime)
    return max(found)


def _shift(owners: Path, seconds: float) -> None:
    """Let all be as old as before the clock was set."""
    for owner in _folders(owners):
        with suppress(OSError, ValueError):
            seen = _seen(owner) + seconds
            (owner / SEEN_FILE).touch(mode=0o600)
            folders = [owner / each for each in (SEEN_FILE, "models", FOLDER, drawing_files.FOLDER)]
            for path in (*folders, *bundles_in(owner / "models")):
                with suppress(OSError):
                    os.utime(path, (seen, seen))
