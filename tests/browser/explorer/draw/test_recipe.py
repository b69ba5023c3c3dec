"""What the model sees of a drawing: MNIST's recipe, on its own images and on lines; elsewhere the frame."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core import load_bundle, load_image_set
from vae_core.latent.codes import encode_images, neighbours

ROOT = Path(__file__).resolve().parents[4]
PENDIGITS = ROOT / "tests" / "data" / "pendigits" / "pendigits.npz"
RECIPE = "draw/pad/recipe.js"
LENS = "draw/pad/lens.js"

BYTES = "(text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))"
"""Images come as text: as lists of numbers they would take seconds."""

SEE = """(() => {
    const lens = new m.Lens({ shape: a.shape, images: (BYTES)(a.images) });
    return a.sheets.map((sheet) => {
        const image = sheet.image ? Uint8Array.from(sheet.image) : null;
        const strokes = sheet.strokes.map((stroke) => ({
            colour: lens.penColour, thickness: a.thickness ?? 2.2, isEraser: false, ...stroke,
        }));
        const seen = lens.see({ image, strokes });
        return seen && Array.from(seen);
    });
})()""".replace("BYTES", BYTES)

ENLARGED = """(() => {
    const images = (BYTES)(a.images);
    return Array.from({ length: images.length / 784 }, (_, n) => {
        const image = images.subarray(784 * n, 784 * (n + 1));
        // Any ink counts here: at their edges MNIST's images are faint.
        const from = m.inkBox(image, 28, 0);
        const [top, left] = [11 * (n % 5), 9 * (n % 4)];
        const paper = new Float32Array(340 * 320);
        for (let y = 0; y < a.zoom * (from.y1 - from.y0); y++) {
            for (let x = 0; x < a.zoom * (from.x1 - from.x0); x++) {
                const under = 28 * (from.y0 + Math.floor(y / a.zoom)) + from.x0 + Math.floor(x / a.zoom);
                paper[320 * (top + y) + left + x] = image[under] / 255;
            }
        }
        const box = m.inkBox(paper, 320, 0);
        const [across, down] = [box.x1 - box.x0, box.y1 - box.y0];
        const k = Math.max(across, down) / m.normalisedSide([1, 28, 28]);
        const [wide, high] = [Math.round(across / k), Math.round(down / k)];
        const small = m.boxMean(paper, 320, box, high, wide);
        return Array.from(m.centredByMass(small, high, wide, [1, 28, 28]));
    });
})()""".replace("BYTES", BYTES)


@cache
def held_out(name: str) -> np.ndarray:
    return np.asarray(load_image_set(name, split="test").images)


def as_text(images: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(images).tobytes()).decode()


def follows(call: Callable, images: np.ndarray, ground: float) -> bool:
    argument = [as_text(images[:200]), list(images.shape[1:]), ground]
    return call(RECIPE, f"m.followsRecipe(({BYTES})(a[0]), a[1], a[2])", argument)


@pytest.fixture
def see(call: Callable) -> Callable[..., list[np.ndarray | None]]:
    """What the lens of MNIST's images makes of drawings, 0..255, (28, 28) each."""

    def run(*sheets: dict, **more: object) -> list[np.ndarray | None]:
        images = as_text(held_out("mnist")[:50])
        given = [{"image": None, "strokes": [], **sheet} for sheet in sheets]
        seen = call(LENS, SEE, {"shape": [1, 28, 28], "images": images, "sheets": given, **more})
        return [None if each is None else np.array(each).reshape(28, 28) for each in seen]

    return run


def line(*points: tuple[float, float], **more: object) -> dict:
    return {"points": [value for point in points for value in point], **more}


@pytest.mark.parametrize("zoom", [7, 10])
def test_mnist_s_images_enlarged_anywhere_come_back_as_they_were(call: Callable, zoom: int) -> None:
    """The recipe's known examples: its box has 20 pixels in each, so that a whole zoom loses nothing."""
    images = held_out("mnist")[:20, 0]
    found = np.array(call(RECIPE, ENLARGED, {"images": as_text(images), "zoom": zoom})).reshape(-1, 28, 28)
    assert np.abs(255 * found - images).max() < 0.01


def test_the_mean_under_each_new_pixel_is_exact(call: Callable) -> None:
    values = np.random.default_rng(0).random((37, 41))
    box = {"x0": 3, "y0": 5, "x1": 40, "y1": 36}
    expression = "Array.from(m.boxMean(a[0], 41, a[1], 7, 9))"
    found = np.array(call(RECIPE, expression, [values.flatten().tolist(), box])).reshape(7, 9)
    fine = np.kron(values[5:36, 3:40], np.ones((7, 9)))  # so many that each new pixel has whole ones
    expected = fine.reshape(7, 31, 9, 37).mean((1, 3))
    assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("corner", [(1.5, 2), (12, 9)])
def test_a_drawing_has_the_recipe_s_size_and_middle_wherever_it_was_drawn(
    see: Callable, scale: float, corner: tuple[float, float]
) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return corner[0] + 14 * scale * x, corner[1] + 16 * scale * y

    (seen,) = see({"strokes": [line(at(0, 0), at(0.1, 0.6), at(1, 0.6)), line(at(0.8, 0), at(0.7, 1))]})
    assert seen is not None
    rows, columns = (np.flatnonzero((seen > 0).any(axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    mass = seen / seen.sum()
    middle = (mass.sum(1) @ np.arange(28), mass.sum(0) @ np.arange(28))
    assert max(abs(middle[0] - 14), abs(middle[1] - 14)) <= 0.5 + 1e-6
    assert np.count_nonzero((seen > 20) & (seen < 235)) > 20, "anti-aliased"


def test_a_line_is_as_thick_as_the_pen_however_large_the_drawing_was(see: Callable) -> None:
    inks = []
    for scale in (0.3, 0.6, 1.2):
        (seen,) = see({"strokes": [line((3, 3), (3, 3 + 14 * scale), (3 + 10 * scale, 3 + 14 * scale))]})
        inks.append(seen.sum() / 255)
    length = (20 - 2.2) * (1 + 10 / 14)
    assert inks == pytest.approx([2.2 * length + np.pi * 1.1**2] * 3, rel=0.05)


def test_a_dot_stays_a_dot_and_an_empty_pad_is_nothing(see: Callable) -> None:
    dot, empty, rubbed = see(
        {"strokes": [line((5, 7))]},
        {},
        {"strokes": [line((5, 7), (9, 9)), line((0, 7), (12, 9), isEraser=True, thickness=12)]},
    )
    assert dot.sum() / 255 == pytest.approx(np.pi * 1.1**2, rel=0.25)  # in whole pixels
    assert empty is None
    assert rubbed is None, "all that was drawn is erased"


def test_an_image_on_the_pad_is_seen_as_it_is_and_changes_where_lines_are(see: Callable) -> None:
    image = held_out("mnist")[3, 0]
    flat = image.flatten().tolist()
    whole, more, less = see(
        {"image": flat},
        {"image": flat, "strokes": [line((3, 25), (9, 25))]},
        {"image": flat, "strokes": [line((0, 14), (28, 14), isEraser=True, thickness=6)]},
    )
    assert np.array_equal(whole, image)
    assert np.array_equal(more[:23], image[:23]), "not moved, not sized anew"
    assert more[25, 4:8].min() > 240
    assert not less[12:16].any()
    assert np.array_equal(less[18:], image[18:])


def test_only_images_that_follow_the_recipe_have_drawings_made_by_it(call: Callable) -> None:
    assert follows(call, held_out("mnist"), 0)
    assert not follows(call, held_out("fashion"), 0)
    assert not follows(call, held_out("digits"), 0)
    shifted = np.roll(held_out("mnist")[:200], 3, axis=3)
    assert not follows(call, shifted, 0)


def test_other_images_have_the_pad_as_their_frame(call: Callable) -> None:
    """In colour, on a light ground: a bar where it was drawn, as wide as the pen."""
    shape = [3, 20, 16]
    light = np.full((4, *shape), 204, dtype=np.uint8)
    stroke = {"points": [2, 10, 14, 10], "thickness": 4, "colour": "rgb(255, 0, 51)"}
    (seen,) = call(
        LENS,
        SEE,
        {"shape": shape, "images": as_text(light), "sheets": [{"strokes": [stroke]}]},
    )
    found = np.array(seen).reshape(shape)
    assert (found[:, :7] == 204).all()
    assert (found[:, 13:] == 204).all()
    for channel, value in enumerate((255, 0, 51)):
        assert np.abs(found[channel, 8:12, 3:13] - value).max() <= 1


def test_digits_drawn_with_a_pen_are_told_apart_by_their_codes(see: Callable) -> None:
    """Real strokes by 14 writers, a tenth of them here; held-out images answer, as they do on the map."""
    file = np.load(PENDIGITS)
    chosen = range(0, 500, 7)
    sheets = []
    for digit in chosen:
        here = file["digit"] == digit
        points, strokes = file["points"][here] * 28 / 500, file["stroke"][here]
        sheets.append(
            {"strokes": [line(*points[strokes == each].tolist()) for each in np.unique(strokes).tolist()]}
        )
    images = torch.tensor(np.array(see(*sheets)), dtype=torch.uint8)[:, None]
    bundle = load_bundle(ROOT / "assets" / "bundles" / "mnist-16.safetensors")
    codes = encode_images(bundle.model, images).mean
    indices, _ = neighbours(codes, bundle.probe.mean, 10)
    labels = bundle.probe.labels[indices]
    told = torch.mode(labels, 1).values.numpy()
    assert (told == file["labels"][list(chosen)]).mean() > 0.65
