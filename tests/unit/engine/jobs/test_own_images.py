"""The jobs about images of one's own, called as a worker calls them."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from vae_core import import_images, load_image_set
from vae_core.engine.jobs.pools import TASKS
from vae_core.engine.tasks.functions import TABLE
from vae_core.engine.tasks.own_images import export_images, look_at_images, preview_images
from vae_core.images.image_set import ImageSet
from vae_core.images.own_sets import write_set
from vae_core.images.uploads.importing import held_out_of

CHOICE: dict[str, Any] = {"size": 12, "channels": 1, "fit": "crop", "ground": 255}


def told(_progress: float, _message: str) -> None:
    """Take a report of progress."""


def png(seed: int, size: tuple[int, int] = (12, 12)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size[::-1], np.uint8)).save(file, "PNG")
    return file.getvalue()


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def preview(path: Path, **choice: Any) -> tuple[dict[str, Any], Path]:
    out, listing = path.parent / "preview.safetensors", path.parent / "refused.csv"
    choice = CHOICE | choice
    return preview_images(told, path=str(path), out=str(out), listing=str(listing), **choice), out


def test_every_job_has_a_function_and_a_process() -> None:
    assert set(TABLE) == set(TASKS)


def test_a_preview_tells_all_that_came(tmp_path: Path) -> None:
    files = {f"{kind}/{n}.png": png(100 * n + len(kind)) for kind in ("a", "bb") for n in range(30)}
    files |= {"a/again.png": files["a/0.png"], "a/no.png": b"<svg/>", "=cmd.png": b"<html>"}
    found, out = preview(zipped(tmp_path / "letters.zip", files))
    assert (found["kept"], found["duplicates"], found["refused"]) == (61, 1, 2)
    assert [name for name, _ in found["reasons"]] == ["a/no.png", "=cmd.png"]
    assert "SVG" in found["reasons"][0][1]
    assert found["classes"] == [["a", 28, 3], ["bb", 27, 3]]
    with Image.open(io.BytesIO(found["png"])) as sheet:
        assert sheet.width > 100
    table = (tmp_path / "refused.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert rows[0] == ["file", "reason"]
    assert rows[2][0] == "'=cmd.png"  # no formula, whatever opens it
    wanted = import_images(tmp_path / "letters.zip", size=12).images
    train, test = load_image_set(str(out)), load_image_set(str(out), split="test")
    assert len(train) == 55
    assert len(test) == 6
    assert torch.equal(train.images, wanted.images[torch.from_numpy(~held_out_of(wanted))])


def test_a_preview_of_nothing_says_so_and_leaves_no_set(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="letters has not one image"):
        preview(zipped(tmp_path / "letters.zip", {"a.png": b"no"}))
    assert not (tmp_path / "preview.safetensors").exists()


def test_looking_shows_each_way_to_make_a_square(tmp_path: Path) -> None:
    path = zipped(tmp_path / "wide.zip", {f"{n}.png": png(n, (40, 20)) for n in range(6)})
    found = look_at_images(told, path=str(path))
    assert (found["size"], found["channels"]) == (20, 1)
    assert found["sizes"] == [[40, 20]] * 4
    assert len({found[fit] for fit in ("crop", "pad", "stretch")}) == 3
    with Image.open(io.BytesIO(found["pad"])) as shown:
        pixels = np.asarray(shown)
    assert shown.size == (4 * 20 + 3, 20)
    assert (pixels[:5, :20] == 255).all()  # the ground above what was 20 by 10
    chosen = look_at_images(told, path=str(path), size=8, channels=3, ground=0)
    with Image.open(io.BytesIO(chosen["pad"])) as shown:
        assert shown.size == (4 * 8 + 3, 8)
        assert shown.mode == "RGB"
        assert not np.asarray(shown)[:2, :8].any()


def test_what_is_exported_and_brought_again_is_the_same_set(tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (50, 3, 12, 12), generator=random, dtype=torch.uint8)
    names = ("T-shirt/top", "T-shirt_top", "..")
    original = ImageSet("any", "Clothes", images, torch.arange(50) % 3, names)
    path = tmp_path / "clothes.safetensors"
    write_set(path, original, held_out_of(original))
    export_images(told, images=str(path), out=str(tmp_path / "clothes.zip"))
    again = import_images(tmp_path / "clothes.zip", size=12, channels=3)
    assert not again.refused
    assert len(again.images.label_names) == 3
    assert again.images.labels is not None
    order = [again.images.images.flatten(1).tolist().index(each) for each in images.flatten(1).tolist()]
    assert order == list(range(50))
    classes = {(a, int(b)) for a, b in zip((np.arange(50) % 3).tolist(), again.images.labels, strict=True)}
    assert len(classes) == 3  # each class is one class again


def test_an_export_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    original = ImageSet("any", "x", torch.zeros(20, 1, 8, 8, dtype=torch.uint8))
    path = tmp_path / "x.safetensors"
    write_set(path, original, held_out_of(original))

    def give_up(_progress: float, _message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_images(give_up, images=str(path), out=str(tmp_path / "x.zip"))
    assert [each.name for each in tmp_path.iterdir()] == ["x.safetensors"]
