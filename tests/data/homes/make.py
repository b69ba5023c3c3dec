"""Lay out a home as this version of the app does, for the tests of later versions to open.

    python -m tests.data.homes.make

writes `tests/data/homes/<version>/`: `home.tar.xz`, all that lies in LATENT_HOME after one browser has
trained, saved, shared and posted, and `expected.json`, what this version says of it and does with it. Both
are kept as they are: a version that lays out its data differently gets a folder of its own, and the older
ones must still open.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch

from ui.classroom import wall
from ui.library import links as model_links
from ui.library.library import Library
from vae_core import Bundle, ModelConfig, TrainConfig, __version__, load_bundle
from vae_core.engine import Engine, RunInfo, close_engine, get_engine

HOMES: Final = Path(__file__).resolve().parent
OWNER: Final = "the-cookie-of-whoever-trained-in-this-home-"
OTHER: Final = "the-cookie-of-whoever-is-first-in-the-line-"
"""Another browser, whose run makes a branch of the first one wait; it leaves nothing here."""

FEW: Final = 3
"""So many images' numbers are enough to know a model by."""

SETTINGS: Final = {
    "LATENT_THREADS": "1",
    "LATENT_NICE": "0",
    "LATENT_PARK_MINUTES": "0",
    "LATENT_MAX_ACTIVE": "1",
    "LATENT_MAX_KEYFRAMES": "4",
}
"""The environment: one thread for the same numbers everywhere, few keyframes for a small folder."""


def until(condition: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait for something and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"nothing came within {seconds} s"
        time.sleep(0.02)
    return found


@contextmanager
def others_first(engine: Engine) -> Iterator[None]:
    """Let another browser train meanwhile, so that who starts has to wait in the line."""
    model, train = ModelConfig((1, 8, 8), 2, width=0.25), TrainConfig(epochs=500)
    ahead = engine.start_run(OTHER, image_set="digits", model=model, train=train)
    yield
    engine.stop(OTHER, ahead.id)


def begin(engine: Engine, title: str, model: ModelConfig, train: TrainConfig) -> str:
    """Start a run that rests before its first step: so short a one is over before it can be paused."""
    with others_first(engine):
        run = engine.start_run(OWNER, image_set="digits", model=model, train=train, title=title)
        engine.pause(OWNER, run.id)
    return run.id


def go(engine: Engine, run: str, steps: int) -> None:
    """Let a run take so many steps and rest; its last keyframe is of the last one then."""
    before = engine.run(OWNER, run)
    wanted = steps + (before.step or (before.parent or {"step": 0})["step"])
    engine.step(OWNER, run, steps)
    until(lambda: engine.run(OWNER, run).state == "paused" and _kept(engine.run(OWNER, run), wanted))


def _kept(run: RunInfo, step: int) -> bool:
    return bool(run.keyframes) and run.keyframes[-1]["step"] == run.step == step


def train(engine: Engine) -> dict[str, str]:
    """Train what a browser might have; returns the ids of its runs."""
    deep = ModelConfig((1, 8, 8), 2, architecture="conv", width=0.125)
    wide = ModelConfig((1, 8, 8), 3, architecture="mlp", width=0.125, likelihood="gaussian_learned")
    plain = ModelConfig((1, 8, 8), 2, architecture="conv", width=0.125, family="autoencoder")

    runs = {"stopped": begin(engine, "Three dimensions", wide, TrainConfig(epochs=4, free_bits=0.05))}
    go(engine, runs["stopped"], 24)
    engine.stop(OWNER, runs["stopped"])

    runs["autoencoder"] = begin(engine, "Codes", plain, TrainConfig(epochs=2))
    engine.resume(OWNER, runs["autoencoder"])
    until(lambda: engine.run(OWNER, runs["autoencoder"]).state == "done")

    warm = TrainConfig(epochs=6, learning_rate=2e-3, beta_warmup_epochs=1, binarize="dynamic")
    runs["parked"] = first = begin(engine, "Two dimensions", deep, warm)
    go(engine, first, 16)
    engine.set(OWNER, first, beta=2.5)
    go(engine, first, 8)
    engine.set(OWNER, first, learning_rate=1e-3)
    go(engine, first, 7)  # within an epoch
    engine.park_any(first)

    moment = engine.run(OWNER, first).keyframes[-2]["step"]
    other = TrainConfig(epochs=5, beta=0.5)
    title = f"Two dimensions, from step {moment}"
    with others_first(engine):
        runs["branch"] = engine.branch(OWNER, first, moment, train=other, title=title).id
        engine.pause(OWNER, runs["branch"])
    go(engine, runs["branch"], 5)
    engine.park_any(runs["branch"])

    return runs


def wait_in_line(engine: Engine, parent: str, step: int) -> str:
    """Branch from a moment of a run while others train: what it begins with is all that there is of it."""
    train = TrainConfig(epochs=5, beta=0.5)
    run = engine.branch(OWNER, parent, step, train=train, title="Not begun yet")
    assert run.state == "queued"
    return run.id


def saved(engine: Engine, run: str, path: Path, title: str, step: int | None = None) -> Path:
    """Save a run's model and wait for all that belongs to it."""
    job = engine.save_run(OWNER, run, path, title, step=step).wait(120)
    assert job.state == "done", job.error
    until(lambda: not engine.all_jobs())
    return path


def numbers(bundle: Bundle) -> dict[str, Any]:
    """Return what a model makes of the first of its images."""
    means = bundle.probe.mean[:FEW]
    with torch.no_grad():
        decoded = bundle.model.decode_images(means).flatten(1)
    return {
        "means": means.tolist(),
        "decoded": decoded.tolist(),
        "positions": {name: each.positions[:FEW].tolist() for name, each in bundle.projections.items()},
    }


def facts(run: RunInfo) -> dict[str, Any]:
    """Return what is to be found of a run in a home that was closed and opened again."""
    names = ("id", "title", "image_set", "step", "total_steps", "epoch", "history", "marks", "keyframes")
    more = {"model": run.model.to_dict(), "train": run.train.to_dict(), "parent": run.parent}
    state = "parked" if run.active else run.state
    return {name: getattr(run, name) for name in names} | more | {"state": state}


def ending(home: Path, run: str) -> RunInfo:
    """Return how a run ends when it is gone on with in a copy of its home."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(shutil.copytree(home, Path(folder) / "home")))
        engine.resume(OWNER, run)
        done = until(lambda: (now := engine.run(OWNER, run)).state == "done" and now)
        engine.close()
    return done


def make(home: Path) -> dict[str, Any]:
    """Lay out a home; returns what is to be found in it."""
    engine = get_engine()
    runs = train(engine)
    library = Library(OWNER)
    path = saved(engine, runs["stopped"], library.path_for_new("Kept: 3 dimensions"), "Kept: 3 dimensions")
    step = engine.run(OWNER, runs["parked"]).keyframes[-2]["step"]
    with tempfile.TemporaryDirectory() as folder:
        moment = load_bundle(saved(engine, runs["parked"], Path(folder) / "moment.safetensors", "", step))
    post = wall.put_up(OWNER, engine.run(OWNER, runs["parked"]), "Ada")
    links = {
        "model": model_links.share(OWNER, "model", path.stem),
        "run": model_links.share(OWNER, "run", runs["parked"]),
    }
    with others_first(engine):
        runs["waiting"] = wait_in_line(engine, runs["parked"], step)
        found = {name: facts(engine.run(OWNER, run)) for name, run in runs.items()}
        close_engine()

    for folder in ("bin", "cache", "incoming"):  # nothing of it is asked for again
        shutil.rmtree(home / folder, ignore_errors=True)
    for folder in (home / "owners").iterdir():
        if not (folder / "models").exists():
            shutil.rmtree(folder)
    ends = {name: ending(home, run) for name, run in runs.items() if found[name]["state"] != "done"}
    for name, run in ends.items():
        found[name]["end"] = {"step": run.step, "history": run.history, "marks": run.marks}
    return {
        "owner": OWNER,
        "runs": found,
        "model": {"name": path.stem, "title": "Kept: 3 dimensions", **numbers(load_bundle(path))},
        "moment": {"step": step, **numbers(moment)},
        "links": {kind: {"token": link.token, "what": link.what} for kind, link in links.items()},
        "post": {"nickname": post.nickname, "run": post.run, "epoch": post.epoch, "numbers": post.numbers},
    }


def pack(home: Path, path: Path) -> None:
    """Put the files of a folder into an archive; what lies in several of them takes its room once."""
    with tarfile.open(path, "w:xz", preset=9, dereference=True) as file:
        for each in sorted(home.rglob("*")):
            if each.is_file():
                file.add(each, str(each.relative_to(home)), filter=_of_nobody)


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who made a file, and how."""
    member.uid, member.gid, member.uname, member.gname, member.mode = 0, 0, "", "", 0o644
    return member


def main() -> None:
    """Make the home of this version, which must not be there yet."""
    folder = HOMES / __version__
    folder.mkdir()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(SETTINGS, LATENT_HOME=home)
        expected = make(Path(home).resolve())
        pack(Path(home), folder / "home.tar.xz")
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
