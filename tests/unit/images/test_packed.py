"""Many files in one, as a browser sends a folder: all of them read, or refused as a whole."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_core import import_images
from vae_core.images.uploads import packed
from vae_core.images.uploads.packed import packed_files
from vae_core.images.uploads.samples import samples_of


def png(seed: int, *, size: tuple[int, int] = (12, 12), colour: bool = False) -> bytes:
    shape = (*size[::-1], 3) if colour else size[::-1]
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(file, "PNG")
    return file.getvalue()


def pack(path: Path, files: dict[str, bytes]) -> Path:
    names = json.dumps([[name, len(data)] for name, data in files.items()]).encode()
    path.write_bytes(b"LATFILES" + len(names).to_bytes(8, "little") + names + b"".join(files.values()))
    return path


def test_a_folder_comes_with_its_classes_and_each_refusal(tmp_path: Path) -> None:
    files = {"set/a/1.png": png(1), "set/a/2.png": png(2), "set/b/1.png": png(3), "set/b/no.png": b"no"}
    path = pack(tmp_path / "letters.files", files)
    assert dict(packed_files(path)) == files
    found = import_images(path, size=12)
    assert found.images.label_names == ("a", "b")
    assert found.images.title == "letters"
    ((name, why),) = found.refused
    assert name == "set/b/no.png"
    assert "no image" in why


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"LATFILES",
        b"LATFILES" + (5).to_bytes(8, "little") + b"[",
        b"LATFILES" + (2**60).to_bytes(8, "little") + b"[]",
        b"LATFILES" + (9).to_bytes(8, "little") + b'[["a",1]]',
        b"LATFILES" + (10).to_bytes(8, "little") + b'[["a",-1]]',
        b"LATFILES" + (7).to_bytes(8, "little") + b'[["a"]]' + b"x",
        b"LATFILES" + (4).to_bytes(8, "little") + b"true",
        b"LATFILES" + (2).to_bytes(8, "little") + b"[]more",
    ],
)
def test_what_did_not_come_whole_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "letters.files"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="letters did not come whole"):
        list(packed_files(path))


def test_a_large_file_is_never_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_FILE_BYTES", 10)
    path = pack(tmp_path / "two.files", {"large": bytes(1000), "small": b"1234"})
    assert [(name, len(data)) for name, data in packed_files(path)] == [("large", 11), ("small", 4)]


@pytest.mark.parametrize(
    ("sizes", "colour", "expected"),
    [
        ([(28, 28), (28, 28)], False, (28, 1)),
        ([(640, 480), (480, 640)], True, (64, 3)),
        ([(40, 30), (50, 60)], True, (30, 3)),
        ([(4, 6)], False, (8, 1)),
        ([(300, 300)], False, (64, 1)),
    ],
)
def test_what_is_proposed_suits_the_images(
    tmp_path: Path, sizes: list[tuple[int, int]], colour: bool, expected: tuple[int, int]
) -> None:
    files = {f"{n}.png": png(n, size=size, colour=colour) for n, size in enumerate(sizes)}
    found = samples_of(pack(tmp_path / "some.files", files), count=4, ground=255)
    assert (found.size, found.channels) == expected
    assert found.sizes == tuple(sizes)


def test_a_grey_image_in_three_channels_is_grey(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (20, 20, 1), np.uint8).repeat(3, axis=2)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    assert samples_of(pack(tmp_path / "g.files", {"a.png": file.getvalue()}), count=4, ground=0).channels == 1


def test_samples_of_arrays_and_of_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 16, 16), np.uint8))
    assert len(samples_of(tmp_path / "a.npz", count=4, ground=255).images) == 4
    with pytest.raises(ValueError, match="not one image"):
        samples_of(pack(tmp_path / "no.files", {"a.png": b"no"}), count=4, ground=255)
