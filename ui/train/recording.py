"""Record what Train shows before there is a run: a film of a real one, and what the mishaps come to.

    python -m ui.train.recording

The engine trains each as it would for the page, and the code that draws a run's film reads its keyframes. The
film itself is drawn in the browser, by the code of the map; its file has

    step (F,), epoch (F,)              of each keyframe
    positions (F, P, 2)                of images on the map, float16, in axis units
    labels (P,)                        their classes
    originals (K, C, H, W)             held-out images, bytes; the first K of those on the map
    reconstructions (F, K, C, H, W)    what the model made of them, bytes

A mishap's picture is where its dots end, with one of its reconstructions in the corner; where there is a
prior in a plane, a circle stands for two of its deviations. The pictures of image sets are of images that the
shipped models' maps show, and of what these models make of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from ui.page.state import DEFAULT_IMAGES, TRAIN_SETTINGS
from ui.train.image_choice import PICTURES as THUMBS
from ui.train.mishaps import MISHAPS, PICTURES, Mishap
from ui.train.settings import read_settings
from vae_core import image_sets, load_bundle
from vae_core.config.families import FAMILIES
from vae_core.engine.engine import Engine
from vae_core.engine.runs.run import PROBE
from vae_core.engine.tasks.film import Moment, read_moments
from vae_core.pictures import sheets
from vae_core.pictures.palette import CLASS_COLOURS
from vae_core.storage import tensorfile
from vae_core.storage.home import owner_folder, write_whole

FILM: Final = Path(__file__).resolve().parents[2] / "assets/explorer/train/first/film.safetensors"

SHIPPED: Final = {"mnist": "mnist-16", "fashion": "fashion-16", "digits": "digits-2", "shapes": "shapes-10"}
BUNDLES: Final = FILM.parents[3] / "bundles"
THUMB: Final = 112
"""Side of a picture of images, in pixels: twice as many as on the page."""

FRAMES: Final = 36
POINTS: Final = 700
PICTURED: Final = 6
"""Held-out images whose reconstructions the film shows, each of another class."""

SIDE: Final = 176
"""Of a mishap's picture in pixels, twice as many as on the page."""

FINER: Final = 3
"""It is drawn so many times larger, and then smoothed."""

CIRCLE: Final = 2.0
"""Radius of the circle for the prior, in its deviations: 86 % of a plane's prior lie within."""

CIRCLE_COLOUR: Final = (128, 128, 128, 200)
CORNER: Final = 0.36
"""Share of its side that the reconstruction in its corner has."""

OWNER: Final = "0" * 32
PATIENCE: Final = 1800.0


def main() -> int:
    """Train, and write the files; returns the exit status."""
    for images, model in SHIPPED.items():
        _draw_thumbs(images, model)
    defaults = {key: setting.default for key, setting in TRAIN_SETTINGS.items()}
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home))
        try:
            folder = _trained(engine, {"train_images": DEFAULT_IMAGES, **defaults})
            FILM.parent.mkdir(parents=True, exist_ok=True)
            write_whole(FILM, film_file(folder))
            PICTURES.mkdir(parents=True, exist_ok=True)
            for each in MISHAPS:
                picture = mishap_picture(_trained(engine, each.values()), has_circle=has_circle(each))
                picture.save(PICTURES / f"{each.name}.webp", "WEBP", quality=82, method=6)
        finally:
            engine.close()
    return 0


def _draw_thumbs(images: str, model: str) -> None:
    """Draw four of a set's images, and the one that a shipped model rebuilds best beside what it makes."""
    probe = (bundle := load_bundle(BUNDLES / f"{model}.safetensors")).probe
    assert probe.mean is not None
    shown = np.arange(4) if probe.labels is None else _one_of_each(probe.labels.numpy())[:4]
    made = (bundle.model.decode_images(probe.mean[shown]).detach().numpy() * 255).round().astype(np.uint8)
    real = probe.images.numpy()[shown]
    missed = ((made - real.astype(float)) ** 2).mean((1, 2, 3)) / real.var((1, 2, 3))
    best = slice(int(missed.argmin()), int(missed.argmin()) + 1)
    THUMBS.mkdir(parents=True, exist_ok=True)
    for what, pictures in {"": real, "-in": real[best], "-out": made[best]}.items():
        sheet = sheets.to_image(sheets.grid(pictures, 2, gap=0)).convert("RGB")
        large = sheet.resize((THUMB, THUMB), Image.Resampling.NEAREST)
        large.save(THUMBS / f"{images}{what}.webp", "WEBP", lossless=True, method=6)


def _trained(engine: Engine, values: Mapping[str, Any]) -> Path:
    """Train with what the fields say and return the run's folder.

    Raises:
        ValueError: the settings do not fit together, or the run failed.
    """
    info = next(info for info in image_sets() if info.name == values["train_images"])
    settings = read_settings(values, info)
    if settings.model is None or settings.train is None or settings.wrong:
        raise ValueError(f"These settings make no run: {dict(settings.wrong)}")
    run = engine.start_run(OWNER, image_set=info.name, model=settings.model, train=settings.train)
    until = time.monotonic() + PATIENCE
    while (now := engine.run(OWNER, run.id)).state != "done":
        if now.state == "failed" or time.monotonic() > until:
            raise ValueError(f"The run on {info.name} did not end: {now.state}. {now.error}")
        print(f"{info.name}: step {now.step:,} of {now.total_steps:,}", end="\r", file=sys.stderr, flush=True)
        time.sleep(0.5)
    print(file=sys.stderr)
    return owner_folder(engine.home, OWNER) / "runs" / run.id


def film_file(folder: Path) -> bytes:
    """Pack some of a run's keyframes, evenly from its first to its last.

    Args:
        folder: the run's.
    """
    moments = read_moments(folder)
    kept = [
        moments[n] for n in np.linspace(0, len(moments) - 1, min(FRAMES, len(moments))).round().astype(int)
    ]
    labels = _labels(folder)[:POINTS]
    last = kept[-1].arrays()
    shown = _one_of_each(labels[: len(last["originals"])])[:PICTURED]
    # The pictured images come first among the dots, so that the browser finds them.
    order = np.concatenate([shown, np.setdiff1d(np.arange(len(labels)), shown)])
    arrays = {
        "step": np.array([each.facts["step"] for each in kept], np.int32),
        "epoch": np.array([each.facts["epoch"] for each in kept], np.float32),
        "positions": np.stack([each.positions[order] for each in kept]).astype(np.float16),
        "labels": labels[order].astype(np.uint8),
        "originals": last["originals"][shown],
        "reconstructions": np.stack([each.arrays()["reconstructions"][shown] for each in kept]),
    }
    return tensorfile.pack(arrays, {"kind": "film"})


def has_circle(mishap: Mishap) -> bool:
    """Say whether the dots of such a run have a prior whose circle can be drawn: not on a line."""
    values = mishap.values()
    return FAMILIES[values["train_family"]].has_prior and values["train_latent_dim"] > 1


def mishap_picture(folder: Path, *, has_circle: bool) -> Image.Image:
    """Draw where a run's dots ended, and what it made of one image; the ground is transparent."""
    moments = read_moments(folder)
    shown = [each for each in moments if np.isfinite(_places(each)).all()] or moments
    return draw_end(shown[-1], _labels(folder), has_circle=has_circle)


def _places(moment: Moment) -> np.ndarray[Any, Any]:
    assert moment.positions is not None, "what is recorded has an encoder, and its dots places"
    return moment.positions


def draw_end(moment: Moment, labels: np.ndarray[Any, Any], *, has_circle: bool) -> Image.Image:
    """Draw a moment small: all its dots within the frame, never wider apart than the prior would be.

    Args:
        moment: which.
        labels: classes of the images on the map, (P,).
        has_circle: whether the prior's two deviations are drawn, so that one sees how far the dots fill it.
    """
    side = SIDE * FINER
    places = np.nan_to_num(_places(moment).astype(np.float64))
    reach = 1.06 * max(3.0, float(np.quantile(np.abs(places), 0.99)))
    dots = (places / reach * (1, -1) + 1) / 2 * side
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    if has_circle:
        circle = CIRCLE / reach * side / 2
        pen.ellipse(
            [side / 2 - circle, side / 2 - circle, side / 2 + circle, side / 2 + circle],
            outline=CIRCLE_COLOUR,
            width=FINER,
        )
    radius = 1.7 * FINER
    for place, label in zip(dots, labels, strict=True):
        pen.ellipse(
            [*(place - radius), *(place + radius)], fill=CLASS_COLOURS[int(label) % len(CLASS_COLOURS)]
        )
    image = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    made = sheets.to_image(sheets.grid(moment.arrays()["reconstructions"][:1], 1)).convert("RGB")
    small = round(CORNER * SIDE)
    image.paste(made.resize((small, small), Image.Resampling.NEAREST), (SIDE - small, SIDE - small))
    return image


def _labels(folder: Path) -> np.ndarray[Any, Any]:
    """Return the classes of the images on a run's map, (P,)."""
    texts, probe = tensorfile.unpack((folder / PROBE).read_bytes())
    assert json.loads(texts["json"])["label_names"]
    return probe["probe.labels"]


def _one_of_each(labels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return where each class stands first, in the order of their places."""
    return np.sort(np.unique(labels, return_index=True)[1])


if __name__ == "__main__":
    sys.exit(main())
