"""A run as a film: its keyframes one after the other, drawn with Pillow, as an animated GIF.

The map on the left, coloured by class; on the right some held-out images with their reconstructions, and
samples from the prior; below, how far the run was.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vae_core.config.families import FAMILIES, Family
from vae_core.engine.runs import run
from vae_core.engine.runs.keyframes import keyframe_path, read_keyframes
from vae_core.pictures import sheets
from vae_core.pictures.cells import in_cells
from vae_core.pictures.palette import CLASS_COLOURS
from vae_core.pictures.sheets import Array
from vae_core.storage import tensorfile

if TYPE_CHECKING:
    from vae_core.engine.contract.info import Report

SIZE: Final = (800, 500)
MAP: Final = (24, 56, 404, 436)
"""Left, top, right and bottom of the map, in pixels."""

RIGHT: Final = 436
COLUMNS: Final = 8
MILLISECONDS: Final = 140
LAST_MILLISECONDS: Final = 1600
FINER: Final = 2
"""The map is drawn so many times larger, and then smoothed."""

INK, PALE, PAPER = "#31333f", "#808495", "#ffffff"

FONTS: Final = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "Helvetica.ttc")
LEAST_EXTENT: Final = 3.0
NOTHING: Final = "This run has no keyframes yet, so there is nothing to make a film of."


@dataclass(frozen=True, eq=False)
class Moment:
    """Hold a keyframe: its facts, and where its images are on the map, (P, 2), or None: nowhere."""

    path: Path
    facts: dict[str, Any]
    positions: Array | None

    def arrays(self) -> dict[str, Array]:
        """Read all that the keyframe holds.

        Raises:
            FileNotFoundError: it has been thinned out meanwhile.
        """
        return tensorfile.unpack(self.path.read_bytes())[1]


def film(report: Report, *, folder: str, title: str, family: str, categories: int = 0) -> bytes:
    """Draw a run's keyframes as a GIF.

    Args:
        report: called with progress 0 to 1, and a phrase.
        folder: the run's folder.
        title: what stands above; text from anyone.
        family: of the model, by name.
        categories: of each of its variables; 0 where it has none.

    Raises:
        ValueError: the run has no keyframes.
    """
    report(0.0, "Reading the keyframes")
    moments = read_moments(Path(folder), categories)
    if not moments:
        raise ValueError(NOTHING)
    texts, probe = tensorfile.unpack((Path(folder) / run.PROBE).read_bytes())
    names = [str(name) for name in json.loads(texts["json"])["label_names"]]
    labels = probe.get("probe.labels")
    places = [each.positions for each in moments[len(moments) // 2 :] if each.positions is not None]
    reach = max((float(np.quantile(np.abs(each), 0.99)) for each in places), default=0.0)
    if not places:
        labels = None
    stage = _Stage(_plain(title), FAMILIES[family], labels, names, max(LEAST_EXTENT, 1.1 * reach))
    last = next(filter(None, (_drawn(stage, moment) for moment in reversed(moments))), None)
    if last is None:
        raise ValueError(NOTHING)
    palette = last.quantize(256)

    def frames() -> Iterator[Image.Image]:
        for count, moment in enumerate(moments):
            report(0.1 + 0.8 * count / len(moments), f"Drawing {count + 1} of {len(moments)} pictures")
            picture = _drawn(stage, moment)
            if picture is not None:
                yield picture.quantize(palette=palette, dither=Image.Dither.NONE)

    drawn = frames()
    first, file = next(drawn, None), io.BytesIO()
    if first is None:
        raise ValueError(NOTHING)
    durations = [MILLISECONDS] * (len(moments) - 1) + [LAST_MILLISECONDS]
    first.save(file, "GIF", save_all=True, append_images=drawn, duration=durations, loop=0, optimize=False)
    return file.getvalue()


def read_moments(folder: Path, categories: int = 0) -> list[Moment]:
    """Read the keyframes that are there; one may be thinned out while this goes on.

    Args:
        folder: the run's.
        categories: of each of the model's variables; 0 where it has none.
    """
    found: list[Moment] = []
    for each in read_keyframes(folder):
        path = keyframe_path(folder, each["step"])
        try:
            texts, arrays = tensorfile.unpack(path.read_bytes())
        except FileNotFoundError:
            continue
        before = found[-1].positions if found else None
        found.append(Moment(path, json.loads(texts["json"]), _positions(arrays, before, categories)))
    return found


def _drawn(stage: _Stage, moment: Moment) -> Image.Image | None:
    """Draw a moment; None when it has been thinned out meanwhile."""
    try:
        return stage.draw(moment)
    except FileNotFoundError:
        return None


def _positions(arrays: dict[str, Array], before: Array | None, categories: int = 0) -> Array | None:
    """Return where the map shows the probe, (P, 2); PCA's plane is turned on to the one before.

    None where nothing places images.
    """
    if "mean" not in arrays:
        return None
    mean = arrays["mean"].astype(np.float32)
    if categories:
        middle = (categories - 1) / 2
        return in_cells(mean) - np.array([middle, middle if mean.shape[1] > 1 else 0], np.float32)
    if mean.shape[1] == 1:
        jitter = np.random.default_rng(0).uniform(-1, 1, len(mean)).astype(np.float32)
        return np.stack([mean[:, 0], jitter], axis=1)
    if mean.shape[1] == 2:
        return mean
    placed: Array = (mean - arrays["pca.mean"]) @ arrays["pca.components"].T
    if before is not None:
        left, _, right = np.linalg.svd(placed.T @ before)
        placed = placed @ (left @ right)
    return placed


def _plain(text: str, longest: int = 80) -> str:
    """Return one line of what can be printed of a text."""
    return "".join(char if char.isprintable() else " " for char in text)[:longest]


class _Stage:
    """Draw moments, each on a picture of its own.

    Args:
        title: what stands above.
        labels: class of each image on the map, (P,), or None.
        names: of the classes.
        extent: the map goes from minus this to this, both ways.
    """

    def __init__(
        self, title: str, family: Family, labels: Array | None, names: Sequence[str], extent: float
    ) -> None:
        self.family = family
        self.title, self.names, self.extent = title, [_plain(name, 14) for name in names], extent
        self.colours = [CLASS_COLOURS[0]]
        self.classes = np.zeros(0, np.int64)
        if labels is not None:
            self.colours, self.classes = list(CLASS_COLOURS), labels.astype(np.int64) % len(CLASS_COLOURS)

    def draw(self, moment: Moment) -> Image.Image:
        """Draw one moment."""
        arrays = moment.arrays()
        picture = Image.new("RGB", SIZE, PAPER)
        pen = ImageDraw.Draw(picture)
        pen.text((MAP[0], 18), self.title, INK, _font(17))
        if moment.positions is None:
            self._draw_samples(picture, pen, arrays["samples"])
            pen.text((MAP[0], SIZE[1] - 30), _caption(moment.facts, self.family), INK, _font(15))
            return picture
        picture.paste(self._map(moment.positions), MAP[:2])
        pen.rectangle(MAP, outline="#d5d7de")
        self._legend(pen)
        top = MAP[1] - 4
        if "reconstructions" in arrays:
            count = min(COLUMNS, len(arrays["originals"]))
            pairs = np.concatenate([arrays["originals"][:count], arrays["reconstructions"][:count]])
            top = self._sheet(picture, pen, "Held-out images, and below each its reconstruction", pairs, top)
        if "samples" in arrays:
            said = "Samples from the prior" if self.family.has_prior else "Decoded from N(0, 1) all the same"
            self._sheet(picture, pen, said, arrays["samples"][: 2 * COLUMNS], top + 14)
        pen.text((MAP[0], SIZE[1] - 30), _caption(moment.facts, self.family), INK, _font(15))
        return picture

    def _draw_samples(self, picture: Image.Image, pen: ImageDraw.ImageDraw, samples: Array) -> None:
        """Fill the stage with samples, where there is no map to show beside them."""
        pen.text((MAP[0], MAP[1] - 4), "Samples from the prior", PALE, _font(13))
        sheet = sheets.to_image(sheets.grid(samples[: 2 * COLUMNS], COLUMNS)).convert("RGB")
        wide, high = SIZE[0] - 2 * MAP[0], MAP[3] - MAP[1] - 22
        scale = min(wide / sheet.width, high / sheet.height)
        size = round(scale * sheet.width), round(scale * sheet.height)
        picture.paste(sheet.resize(size, Image.Resampling.NEAREST), (MAP[0], MAP[1] + 22))

    def _map(self, positions: Array) -> Image.Image:
        width, height = (FINER * (MAP[2] - MAP[0]), FINER * (MAP[3] - MAP[1]))
        picture = Image.new("RGB", (width, height), PAPER)
        pen = ImageDraw.Draw(picture)
        x = (positions[:, 0] / self.extent + 1) / 2 * width
        y = (1 - positions[:, 1] / self.extent) / 2 * height
        classes = self.classes if len(self.classes) else np.zeros(len(positions), np.int64)
        radius = 2.2 * FINER if len(positions) > 800 else 3 * FINER
        for across, down, label in zip(x.tolist(), y.tolist(), classes.tolist(), strict=True):
            if 0 <= across <= width and 0 <= down <= height:
                box = (across - radius, down - radius, across + radius, down + radius)
                pen.ellipse(box, fill=self.colours[label])
        return picture.resize((width // FINER, height // FINER), Image.Resampling.BOX)

    def _legend(self, pen: ImageDraw.ImageDraw) -> None:
        """Name the classes below the map, as many as there is room for."""
        left, font = float(MAP[0]), _font(12)
        if not len(self.classes):
            return
        for label, name in enumerate(self.names):
            wide = 16 + font.getlength(name)
            if left + wide > SIZE[0] - 16:
                return
            pen.ellipse((left, MAP[3] + 10, left + 9, MAP[3] + 19), fill=self.colours[label % 10])
            pen.text((left + 13, MAP[3] + 7), name, PALE, font)
            left += wide + 8

    def _sheet(
        self, picture: Image.Image, pen: ImageDraw.ImageDraw, words: str, images: Array, top: int
    ) -> int:
        """Lay pictures out in two rows below a line of text; returns where the room below begins."""
        pen.text((RIGHT, top), words, PALE, _font(13))
        sheet = sheets.to_image(sheets.grid(images, COLUMNS)).convert("RGB")
        width = SIZE[0] - RIGHT - 24
        height = min(round(sheet.height * width / sheet.width), 150)
        picture.paste(sheet.resize((width, height), Image.Resampling.NEAREST), (RIGHT, top + 22))
        return top + 22 + height


def _caption(facts: dict[str, Any], family: Family) -> str:
    parts = [f"step {facts['step']:,}", f"epoch {facts['epoch']:.1f}"]
    if "beta" in family.settings:
        parts.append(f"beta {facts['beta']:g}")
    best = family.terms[0]
    value = family.value(best, facts, "test_")
    if value is not None:
        parts.append(f"{best.title} {value:.1f} {best.unit}, held out".replace(" -", " \u2212"))
    return "  \u00b7  ".join(parts)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return a font that has more letters than English ones if there is one, else Pillow's own."""
    for name in FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, size)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
