"""What models make of digits drawn by hand, as 14 writers drew them with a pen, and how soon it is seen.

    python -m bench.drawing

First how soon a stroke's ellipse and reconstruction are seen; then the shipped models as they are; then 300 of the drawings as a set of a class's own: a minute of training
that goes on from `mnist-16`, beside the same minute from untrained weights. A reconstruction is recognisable
where real training pixels give it its original's class; how often they give that to the drawing itself stands
beside it.
"""

from __future__ import annotations

import base64
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from playwright.sync_api import sync_playwright

from bench.tools.chromium import launch
from bench.tools.table import Rows, print_table
from bench.ui import serve
from ui.page.urls import explorer_url
from vae_core import TrainConfig, load_bundle, load_image_set
from vae_core.images.image_set import ImageSet
from vae_core.latent.codes import encode_images
from vae_core.measures.suite import knn_accuracy
from vae_core.release.recipes import SHIPPED_BUNDLES
from vae_core.training.state_file import begin_at_model
from vae_core.training.trainer import Trainer

ROOT = Path(__file__).resolve().parent.parent
STROKES = ROOT / "tests" / "data" / "pendigits" / "pendigits.npz"
SEEN_BY_CLASS = 30
MARKS = (15.0, 60.0)
"""Seconds of training after which is asked."""

Asked = tuple[tuple[torch.Tensor, npt.NDArray[np.int64]], ...]

SEE = """async ([url, images, sheets]) => {
    const { Lens } = await import(`${url}/draw/pad/lens.js`);
    const pixels = Uint8Array.from(atob(images), (letter) => letter.charCodeAt(0));
    const lens = new Lens({ shape: [1, 28, 28], images: pixels });
    return sheets.map((strokes) => Array.from(lens.see({
        image: null,
        strokes: strokes.map((points) => ({ points, colour: lens.penColour, thickness: 2.2, isEraser: false })),
    })));
}"""


def drawings() -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the pad makes of the strokes, bytes (500, 1, 28, 28), and which digits they are, (500,)."""
    file = np.load(STROKES)
    sheets = []
    for digit in range(len(file["labels"])):
        here = file["digit"] == digit
        points, strokes = file["points"][here] * 28 / 500, file["stroke"][here]
        sheets.append([points[strokes == each].flatten().tolist() for each in np.unique(strokes).tolist()])
    images = np.ascontiguousarray(np.asarray(load_image_set("mnist", split="test").images[:50]))
    text = base64.b64encode(images.tobytes()).decode()
    with (
        tempfile.TemporaryDirectory() as home,
        serve("app.py", home=home, wait=True) as (url, _),
        sync_playwright() as playwright,
    ):
        page = launch(playwright).new_page()
        page.goto(url)
        seen = page.evaluate(SEE, [explorer_url(), text, sheets])
    pixels = torch.tensor(seen, dtype=torch.uint8).reshape(-1, 1, 28, 28)
    return pixels, torch.as_tensor(file["labels"])


def told_apart(name: str, images: torch.Tensor, labels: npt.NDArray[np.int64]) -> float:
    """Return how often 10 neighbours among the training images' means give a drawing's class."""
    model, train = load_bundle(SHIPPED_BUNDLES / f"{name}.safetensors").model, load_image_set("mnist")
    assert train.labels is not None
    known, asked = (encode_images(model, each).mean.numpy() for each in (train.images, images))
    return knn_accuracy(known, train.labels.numpy(), asked, labels)


def shows(pictures: torch.Tensor, truth: npt.NDArray[np.int64]) -> float:
    """Return how often 10 neighbours among real training pixels give pictures, (N, 1, 28, 28), their class."""
    train = load_image_set("mnist")
    assert train.labels is not None
    pixels = train.images.flatten(1).numpy() / np.float32(255)
    return knn_accuracy(pixels, train.labels.numpy(), pictures.flatten(1).numpy(), truth)


def while_training(drawn: ImageSet, asked: Asked, start: str) -> str:
    """Train on drawings, and say how often reconstructions show their class, at each mark.

    Args:
        drawn: what is learned from.
        asked: drawings, bytes (N, 1, 28, 28), with their classes.
        start: the shipped model to go on from; "" begins untrained.
    """
    config = load_bundle(SHIPPED_BUNDLES / "mnist-16.safetensors").model_config
    trainer = Trainer(drawn, config, TrainConfig(epochs=500, batch_size=64))
    if start:
        begin_at_model(trainer, SHIPPED_BUNDLES / f"{start}.safetensors")
    found, spent = [], 0.0
    for mark in MARKS:
        began = time.perf_counter()
        trainer.advance(seconds=mark - spent, measure=False)
        spent += time.perf_counter() - began
        with torch.no_grad():
            model = trainer.model.eval()
            shown = [model.decode_images(model.encode(images.float() / 255).mean) for images, _ in asked]
        model.train()
        shares = [shows(pictures, truth) for pictures, (_, truth) in zip(shown, asked, strict=True)]
        found.append(f"{mark:g} s: " + ", ".join(f"{share:.1%}" for share in shares))
    return "; ".join(found)


# From the lifted hand's event to the frame after the one in which all of it was drawn, ms.
FRAMES_LATER = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(
  () => requestAnimationFrame(() => resolve(window.latentExplorer.lastLatencyMs)))))"""


def strokes(model: str, count: int) -> Rows:
    """Draw strokes with a mouse and say how long each took to be seen, and what the server was asked meanwhile."""
    rng, asked = np.random.default_rng(0), []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        serve("app.py", home=home, wait=True) as (url, _),
        sync_playwright() as playwright,
    ):
        page = launch(playwright).new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{url}/draw?draw_model={model}")
        page.wait_for_function("window.latentExplorer?.ready", timeout=60_000)
        page.wait_for_timeout(2_000)
        box = page.locator("[data-role=pad]").bounding_box()
        assert box
        took = []
        page.on("request", lambda request: asked.append(request.url))
        for number in range(count):
            if number % 8 == 0:
                page.evaluate("window.latentExplorer.clearDrawing()")
            corner, size = (box["x"], box["y"]), (box["width"], box["height"])
            first, *others = (np.add(corner, size * rng.uniform(0.2, 0.8, (6, 2)))).tolist()
            page.mouse.move(*first)
            page.mouse.down()
            for place in others:
                page.mouse.move(*place, steps=4)
            page.mouse.up()
            took.append(page.evaluate(FRAMES_LATER))
    what = f"{model}: end of a stroke to ellipse and reconstruction, p50 / p95 of {count}"
    return [
        (what, f"{np.percentile(took, 50):.0f} / {np.percentile(took, 95):.0f} ms", "p95 33 ms"),
        ("the server was asked meanwhile", str(len(asked)), "0"),
    ]


def main() -> None:
    """Draw, train, print."""
    images, labels = drawings()
    truth = labels.numpy()
    rows: Rows = [*strokes("mnist-2", 60), *strokes("mnist-16", 60)]
    for name, wanted in (("mnist-16", "78 %"), ("mnist-2", "57 %")):
        share = told_apart(name, images, truth)
        rows.append((f"500 pen drawings, told apart by 10-NN on {name}'s means", f"{share:.1%}", wanted))
    seen = torch.cat([torch.nonzero(labels == each)[:SEEN_BY_CLASS, 0] for each in range(10)])
    other = torch.ones(len(labels), dtype=torch.bool)
    other[seen] = False
    drawn = ImageSet("drawn", "Drawn", images[seen], labels[seen], tuple(map(str, range(10))))
    asked = ((images[seen], truth[seen.numpy()]), (images[other], truth[other.numpy()]))
    itself = ", ".join(f"{shows(given.float() / 255, classes):.1%}" for given, classes in asked)
    rows.append(("300 drawings of a class, and 200 others: themselves", itself, ""))
    for start, wanted in (("mnist-16", "60 s: 75 % of the 300"), ("", "")):
        how = f"going on from {start}" if start else "from untrained weights"
        rows.append((f"their reconstructions, {how}", while_training(drawn, asked, start), wanted))
    print_table(("what", "measured", "wanted"), rows)


if __name__ == "__main__":
    main()
