"""The image sets of one's own: kept within bounds, renamed, deleted, and shared for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.images.test_own_sets import some_images, stored
from ui.identity.owner import new_owner
from ui.library import links
from ui.library.image_library import HAVE_THEM, NO_LINK, ImageLibrary, ImageLibraryError, shared_set
from vae_core import load_image_set


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    links._LINKS = None


@pytest.fixture
def own() -> ImageLibrary:
    return ImageLibrary(new_owner())


def keep(own: ImageLibrary, folder: Path, title: str = "My pets") -> str:
    return own.keep(stored(folder, some_images(), "made"), title).info.name


def test_what_is_kept_is_a_set_with_a_name_of_its_own(own: ImageLibrary, tmp_path: Path) -> None:
    first, second = keep(own, tmp_path), keep(own, tmp_path)
    assert first != second
    assert first.startswith("my-pets-")
    assert [info.title for info in own.infos()] == ["My pets", "My pets"]
    assert len(load_image_set(own.get(first).info.loads_as)) == 54
    assert not (tmp_path / "made.safetensors").exists()
    assert ImageLibrary(new_owner()).sets() == ()


@pytest.mark.parametrize("title", ["", "  ", "\u200b", "x" * 81])
def test_a_title_that_is_none(own: ImageLibrary, tmp_path: Path, title: str) -> None:
    with pytest.raises(ImageLibraryError, match="1 to 80 characters"):
        keep(own, tmp_path, title)
    assert own.sets() == ()


def test_number_and_bytes_are_bounded(
    own: ImageLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_MAX_IMAGE_SETS_MB", "0.001")
    with pytest.raises(ImageLibraryError, match="smaller size"):
        keep(own, tmp_path)
    monkeypatch.delenv("LATENT_MAX_IMAGE_SETS_MB")
    monkeypatch.setenv("LATENT_MAX_IMAGE_SETS", "1")
    keep(own, tmp_path)
    with pytest.raises(ImageLibraryError, match="You have 1 image set of your own"):
        keep(own, tmp_path)


def test_a_new_title_leaves_the_name(own: ImageLibrary, tmp_path: Path) -> None:
    name = keep(own, tmp_path)
    assert own.rename(name, "Haustiere").info.title == "Haustiere"
    assert [info.name for info in own.infos()] == [name]
    with pytest.raises(KeyError):
        own.rename("../../x", "y")


def test_a_link_shows_and_copies_a_set_until_it_is_taken_back(own: ImageLibrary, tmp_path: Path) -> None:
    name, other = keep(own, tmp_path), ImageLibrary(new_owner())
    own.rename(name, "Of the class")
    token = links.share(own.owner, "images", name).token
    found = shared_set(token)
    assert found is not None
    assert found.info.title == "Of the class"
    assert other.keep_copy(token).info.name == name
    with pytest.raises(ImageLibraryError, match=HAVE_THEM):
        other.keep_copy(token)
    own.delete(name)
    assert shared_set(token) is None
    assert len(load_image_set(other.get(name).info.loads_as)) == 54  # the copy stays, with its title
    assert other.get(name).info.title == "Of the class"
    with pytest.raises(ImageLibraryError, match=NO_LINK):
        ImageLibrary(new_owner()).keep_copy(token)


def test_what_is_deleted_is_gone(own: ImageLibrary, tmp_path: Path) -> None:
    name = keep(own, tmp_path)
    own.delete(name)
    assert own.sets() == ()
    assert list(own.folder.iterdir()) == []
    with pytest.raises(KeyError):
        own.delete(name)
