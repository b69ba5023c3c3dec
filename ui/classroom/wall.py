"""The wall: final maps of runs, posted by who wishes, for all to see side by side.

Each post is `LATENT_HOME/wall/<id>.json` with its map and pictures beside it. All maps are drawn at one
scale, so that they can be compared. Nothing on it says whose it is but the nickname; who posted it can
withdraw it, and whoever runs the server, or whom they let, can clear the wall.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from ui.page.text import tidy
from vae_core.config.families import FAMILIES, Family
from vae_core.engine import RunInfo, get_engine
from vae_core.engine.contract import limits
from vae_core.pictures.map_picture import RunMap, draw, map_of_run, unpack_map
from vae_core.pictures.sheets import grid, png
from vae_core.storage.home import latent_home, new_id, owner_hash, write_whole

LOG: Final = logging.getLogger(__name__)
MAX_NICKNAME: Final = 24
_ID: Final = re.compile(r"[0-9a-f]{32}")
_MAP: Final = ".safetensors"
_EARLIER: Final = ".png"
"""What earlier versions kept of a map: a picture without a scale."""

_REACHES: Final = (3.5, 5.0, 7.0, 10.0)
"""What the edges of maps may stand for, in units from zero: two deviations of the prior always have room."""


class WallError(ValueError):
    """Refuse what the wall cannot take; the text says what to do."""


@dataclass(frozen=True)
class Post:
    """Hold what stands on the wall.

    Attributes:
        id: names it.
        owner: hash of its owner's name, which is shown to nobody.
        run: id of the run, so that it is posted once.
        nickname: as its owner wishes to be called.
        image_set: name of the images.
        model: fields of `ModelConfig`.
        train: fields of `TrainConfig`.
        epoch: how far the run had come.
        numbers: what was measured last, by the names of its family's terms, where there is any.
        created: in seconds since 1970.
        label_names: name of each class.
        reach: how far from zero its images lie, in units of the latent space; 0 where that was not kept.
    """

    id: str
    owner: str
    run: str
    nickname: str
    image_set: str
    model: Mapping[str, Any]
    train: Mapping[str, Any]
    epoch: float
    numbers: Mapping[str, float]
    created: float
    label_names: tuple[str, ...] = ()
    reach: float = 0.0
    folder: str = field(default="", compare=False)

    @property
    def family(self) -> Family | None:
        """Return what its family has; None where a later version posted it."""
        return FAMILIES.get(str(self.model.get("family")))

    @property
    def has_prior(self) -> bool:
        """Whether its codes lie about a prior that has a place on the map."""
        return self.family is not None and self.family.latent_kind == "gaussian"

    def picture(self, reach: float | None = None) -> bytes:
        """Return the map as a PNG; empty when it has just been taken down.

        Args:
            reach: what its edges stand for, in units from zero; None: all of it is to be seen.
        """
        with suppress(OSError, ValueError):
            return _draw(self, reach)
        return b""

    def sheets(self) -> tuple[bytes, bytes]:
        """Return some images above their reconstructions, and samples, as PNGs; empty: there are none."""
        with suppress(OSError, ValueError):
            found = _read_map(self.folder, self.id)
            first, second, drawn = found.originals, found.reconstructions, found.samples
            pairs = b""
            if first is not None and second is not None:
                pairs = png(grid(np.concatenate([first, second]), len(first)))
            return pairs, b"" if drawn is None else png(grid(drawn, len(drawn)))
        return b"", b""


_LOCK: Final = threading.RLock()
_POSTS: dict[str, Post] = {}
_FOLDER: Path | None = None
_CHANGES = 0


def posts() -> tuple[Post, ...]:
    """Return what stands on the wall, the newest first."""
    with _LOCK:
        _load()
        return tuple(sorted(_POSTS.values(), key=lambda post: post.created, reverse=True))


def shared_reach(shown: Iterable[Post]) -> float:
    """Return what the edges of all maps stand for, in units from zero, so that they can be compared.

    It is as far as the widest map with a prior goes, within limits, and one of a few numbers: maps need not
    be drawn anew at each post. Codes without a prior may lie anywhere and do not count.
    """
    furthest = max((post.reach for post in shown if post.has_prior), default=0.0)
    return next((reach for reach in _REACHES if reach >= furthest), _REACHES[-1])


def changes() -> int:
    """Return a number that changes with the wall."""
    return _CHANGES


def is_mine(post: Post, owner: str) -> bool:
    """Whether this owner put it there."""
    return post.owner == owner_hash(owner)


def put_up(owner: str, run: RunInfo, nickname: str) -> Post:
    """Post a run's map as it is now; an older post of the same run goes.

    Args:
        owner: whose run it is.
        run: the run.
        nickname: how its owner wishes to be called; "" for "someone".

    Raises:
        WallError: the wall or the owner's share of it is full, or there is no map yet.
        KeyError, PermissionError: the run is gone, or another's.
        OSError: the disk is full.
    """
    name = tidy(nickname)[:MAX_NICKNAME] or "someone"
    if not run.model.has_encoder:
        raise WallError("A model without an encoder gives no image a place, so there is no map for the wall.")
    probe, snapshot = get_engine().stored_map(owner, run.id)
    has_prior = run.model.latent_kind == "gaussian"
    try:
        found = map_of_run(probe, snapshot, has_prior=has_prior, categories=run.model.categories)
    except ValueError as error:
        raise WallError(str(error)) from None
    last = run.history[-1] if run.history else {}
    numbers = {}
    for key in (term.name for term in run.model.traits.computed):
        measured = last.get(f"test_{key}", last.get(key))
        if isinstance(measured, (int, float)):
            numbers[key] = float(measured)
    with _LOCK:
        _load()
        mine = [post for post in _POSTS.values() if post.owner == owner_hash(owner)]
        again = [post for post in mine if post.run == run.id]
        own, most = limits.WALL_POSTS_EACH.value(), limits.WALL_POSTS.value()
        if not again and len(mine) >= own:
            raise WallError(f"You have {own:g} maps on the wall. Withdraw one first.")
        if not again and len(_POSTS) >= most:
            raise WallError(f"The wall is full: it holds {most:g} maps. Ask your teacher to clear it.")
        post = Post(
            id=new_id(),
            owner=owner_hash(owner),
            run=run.id,
            nickname=name,
            image_set=run.image_set,
            model=run.model.to_dict(),
            train=run.train.to_dict(),
            epoch=run.epoch,
            numbers=numbers,
            created=time.time(),
            label_names=tuple(run.label_names),
            reach=found.reach,
            folder=str(_folder()),
        )
        write_whole(_folder() / f"{post.id}{_MAP}", found.pack())
        stored = {name: value for name, value in asdict(post).items() if name != "folder"}
        write_whole(_folder() / f"{post.id}.json", json.dumps(stored).encode())
        for older in again:
            _take_down(older)
        _POSTS[post.id] = post
        _changed()
        LOG.info("wall: %s posted run %s", post.owner[:6], run.id[:6])
        return post


def withdraw(owner: str, post_id: str) -> None:
    """Take an own post down; another's stays."""
    with _LOCK:
        _load()
        post = _POSTS.get(post_id)
        if post is not None and is_mine(post, owner):
            _take_down(post)
            _changed()


def take_down(post_id: str) -> None:
    """Take anyone's post down; for whoever runs the server."""
    with _LOCK:
        _load()
        if post_id in _POSTS:
            _take_down(_POSTS[post_id])
            _changed()


def clear() -> None:
    """Take everything down; for whoever runs the server."""
    with _LOCK:
        for post in posts():
            _take_down(post)
        _changed()
        LOG.info("wall: cleared")


def _take_down(post: Post) -> None:
    _POSTS.pop(post.id, None)
    for suffix in (".json", _MAP, _EARLIER):
        with suppress(OSError):
            (_folder() / f"{post.id}{suffix}").unlink()


def _changed() -> None:
    global _CHANGES
    _CHANGES += 1


def _folder() -> Path:
    return latent_home() / "wall"


def _load() -> None:
    """Read the wall from disk, the first time and when the folder of all data is another."""
    global _FOLDER
    folder = _folder()
    if folder == _FOLDER:
        return
    _FOLDER = folder
    _POSTS.clear()
    with suppress(OSError):
        for path in folder.glob("*.json"):
            with suppress(OSError, ValueError, TypeError):
                told = json.loads(path.read_bytes())
                names = tuple(str(name) for name in told.pop("label_names", ()))
                post = Post(**told, label_names=names, folder=str(folder))
                if post.id == path.stem and _ID.fullmatch(post.id):
                    _POSTS[post.id] = post
    _changed()


@lru_cache(maxsize=16)
def _read_map(folder: str, post_id: str) -> RunMap:
    """Read what was kept of a post.

    Raises:
        OSError: it has been taken down.
        ValueError: it is no map.
    """
    return unpack_map((Path(folder) / f"{post_id}{_MAP}").read_bytes())


def _draw(post: Post, reach: float | None) -> bytes:
    """Draw a post's map, or return it as it was drawn before.

    Raises:
        OSError: it has been taken down.
        ValueError: it is no map.
    """
    if not (Path(post.folder) / f"{post.id}{_MAP}").exists():
        return (Path(post.folder) / f"{post.id}{_EARLIER}").read_bytes()
    prior: Literal["circles", "bands", ""] = ""
    if post.has_prior:
        prior = "bands" if post.model.get("latent_dim") == 1 else "circles"
    return _drawn(post.folder, post.id, post.label_names, reach, prior)


@lru_cache(maxsize=256)
def _drawn(
    folder: str,
    post_id: str,
    label_names: tuple[str, ...],
    reach: float | None,
    prior: Literal["circles", "bands", ""],
) -> bytes:
    found = _read_map(folder, post_id)
    return draw(found.places, found.labels, label_names, reach=reach, prior=prior)
