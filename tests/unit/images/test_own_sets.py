"""Sets of someone's own on disk: written once, read back exactly, and refused when they are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vae_core import ImageSet, load_image_set
from vae_core.images import own_sets
from vae_core.images.loading import known_set
from vae_core.images.own_sets import (
    NAME,
    delete_set,
    describe_set,
    new_name,
    read_in_order,
    rename_set,
    take_set,
    write_set,
)
from vae_core.images.uploads.importing import held_out_of, stratified_split
from vae_core.storage import tensorfile


def some_images(n: int = 60, *, channels: int = 3, classes: tuple[str, ...] = ("cat", "dog")) -> ImageSet:
    random = torch.Generator().manual_seed(n)
    images = torch.randint(0, 256, (n, channels, 9, 9), generator=random, dtype=torch.uint8)
    labels = torch.arange(n) % len(classes) if classes else None
    return ImageSet("any", "Pets", images, labels, classes, licence="mine", source="imported from pets")


def stored(folder: Path, images: ImageSet, name: str = "pets-abcdefghjk") -> Path:
    path = folder / f"{name}.safetensors"
    write_set(path, images, held_out_of(images))
    return path


@pytest.mark.parametrize("classes", [("cat", "dog"), ()])
def test_both_splits_come_back_as_they_were(tmp_path: Path, classes: tuple[str, ...]) -> None:
    images = some_images(classes=classes)
    path = stored(tmp_path, images)
    for wanted, split in zip(stratified_split(images), ("train", "test"), strict=True):
        found = load_image_set(str(path), split=split)
        assert wanted is not None
        assert torch.equal(found.images, wanted.images)
        assert found.labels is None if wanted.labels is None else torch.equal(found.labels, wanted.labels)
        assert (found.name, found.title, found.label_names) == ("pets-abcdefghjk", "Pets", classes)
        assert (found.licence, found.source) == ("mine", "imported from pets")


def test_what_is_known_needs_no_pixels(tmp_path: Path) -> None:
    path = stored(tmp_path, some_images(61))
    info = known_set(str(path))
    assert info is not None
    assert (info.name, info.shape, info.size, info.test_size) == ("pets-abcdefghjk", (3, 9, 9), 55, 6)
    assert info.available
    assert info.loads_as == str(path)
    assert describe_set(path).counts == ((28, 3), (27, 3))
    assert [each.info.name for each in own_sets.own_sets(tmp_path)] == ["pets-abcdefghjk"]


def test_the_file_is_what_any_reader_of_safetensors_opens(tmp_path: Path) -> None:
    images = some_images(25)
    _, arrays = tensorfile.unpack(stored(tmp_path, images).read_bytes())
    assert np.array_equal(arrays["images"], images.images.numpy())
    assert np.array_equal(arrays["held_out"].astype(bool), held_out_of(images))


def test_a_part_is_balanced_and_read_from_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = some_images(60)
    whole = load_image_set(str(stored(tmp_path, images)))
    monkeypatch.setattr(own_sets, "_PIECE_BYTES", 3 * 9 * 9 * 7)  # seven images at a time
    part = load_image_set(str(tmp_path / "pets-abcdefghjk.safetensors"), limit=10, seed=3)
    assert part.labels is not None
    assert whole.labels is not None
    assert part.labels.bincount().tolist() == [5, 5]
    for image, label in zip(part.images, part.labels, strict=True):
        same = (whole.images == image).flatten(1).all(1)
        assert same.sum() == 1
        assert whole.labels[same].item() == label


def test_few_images_hold_none_out(tmp_path: Path) -> None:
    path = stored(tmp_path, some_images(19))
    assert len(load_image_set(str(path))) == 19
    assert len(load_image_set(str(path), split="test")) == 0


def test_a_renamed_set_keeps_its_name_and_its_second_one_the_title(tmp_path: Path) -> None:
    path = stored(tmp_path / "a", some_images())
    rename_set(path, "Haustiere")
    second = tmp_path / "b" / path.name
    take_set(path, second)
    delete_set(path)
    assert list(path.parent.iterdir()) == []
    found = load_image_set(str(second))
    assert (found.name, found.title) == ("pets-abcdefghjk", "Haustiere")


def test_what_was_deleted_is_said_so(tmp_path: Path) -> None:
    gone = str(tmp_path / "pets-abcdefghjk.safetensors")
    assert known_set(gone) is None
    with pytest.raises(ValueError, match="not here any more"):
        load_image_set(gone)


@pytest.mark.parametrize("cut", [0, 5, 300, -1])
def test_a_damaged_file_is_refused_and_left_out(tmp_path: Path, cut: int) -> None:
    path = stored(tmp_path, some_images())
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="pets-abcdefghjk cannot be read"):
        describe_set(path)
    assert own_sets.own_sets(tmp_path) == ()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(tensorfile.pack({"images": np.zeros((2, 1, 8, 8), np.uint8)}, {"format": "other"}))
    with pytest.raises(ValueError, match="no set of images"):
        describe_set(path)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own_sets, "put_in_place", refuse)
    with pytest.raises(OSError, match="No space left"):
        stored(tmp_path, some_images())
    assert list(tmp_path.iterdir()) == []


def test_names_fit_links_and_are_never_given_twice() -> None:
    names = {new_name("letters-of-the-whole-class-of-7b-in-the-autumn") for _ in range(200)}
    assert len(names) == 200
    assert all(NAME.fullmatch(name) and name.startswith("letters-of-the-whole-cla") for name in names)


def test_all_images_in_their_order(tmp_path: Path) -> None:
    images = some_images(30)
    assert images.labels is not None
    found = list(read_in_order(stored(tmp_path, images)))
    assert np.array_equal(np.stack([pixels for pixels, _ in found]), images.images.numpy())
    assert [label for _, label in found] == images.labels.tolist()
