"""Drawings that are kept: each once, whole or not at all, for those who may, and all of them in the set."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ui.identity.owner import new_owner
from ui.library import drawings, links
from ui.library.disk import drawing_files, drawing_room
from ui.library.disk.drawing_files import FOLDER, PIXELS
from ui.library.disk.drawing_room import DrawingError, Pace
from ui.library.drawings import CLOSED, NOT_YOURS, Collection
from ui.library.image_library import ImageLibrary, ImageLibraryError
from vae_core import load_image_set
from vae_core.storage.home import latent_home, owner_folder


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(drawing_room, "_PACE", drawing_room.Pace())
    links._LINKS = None


@pytest.fixture
def own() -> Collection:
    return Collection(new_owner())


def pixels(number: int) -> bytes:
    """A drawing that is no other's: its number stands in it."""
    return number.to_bytes(4, "big") + bytes([255]) * (PIXELS - 4)


def opened(own: Collection) -> str:
    return links.share(own.owner, "drawings").token


def files(own: Collection) -> list[str]:
    folder = owner_folder(latent_home(), own.owner) / FOLDER
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_what_is_kept_is_there_after_a_restart_as_it_was(own: Collection) -> None:
    kept = own.keep(pixels(1), "  π ")
    drawing_files._read.cache_clear()
    (found,) = own.drawings()
    assert found == kept
    assert (found.label, found.pixels, own.counts()) == ("π", pixels(1), (1, 1))
    assert found.picture().startswith(b"\x89PNG")
    assert Collection(new_owner()).drawings() == ()


def test_the_same_sent_twice_is_kept_once(own: Collection) -> None:
    first, again = own.keep(pixels(1), "4"), own.keep(pixels(1), "4")
    other = own.keep(pixels(1), "9")
    assert first.id == again.id != other.id
    assert own.counts() == (2, 2)


@pytest.mark.parametrize(
    "label", ["x" * 21, "a\nb", "a\x00", "a\u202eb", "\ud800", "a\tb", "\x1b[31m"], ids=ascii
)
def test_a_label_that_will_not_do_keeps_nothing(own: Collection, label: str) -> None:
    with pytest.raises(DrawingError, match=r"label .*Nothing was kept"):
        own.keep(pixels(1), label)
    assert files(own) == []


@pytest.mark.parametrize("sent", [b"", bytes(PIXELS - 1), bytes(PIXELS + 1), b"nan" * 784, bytes(4 * PIXELS)])
def test_what_is_no_drawing_is_not_kept(own: Collection, sent: bytes) -> None:
    with pytest.raises(DrawingError, match="was not kept"):
        own.keep(sent)
    assert files(own) == []


@pytest.mark.parametrize("grey", [0, 255])
def test_an_empty_pad_is_not_kept(own: Collection, grey: int) -> None:
    with pytest.raises(DrawingError, match="nothing to see"):
        own.keep(bytes([grey]) * PIXELS)


def test_a_full_disk_leaves_nothing(own: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("vae_core.storage.home.put_in_place", lambda *_, **__: full())
    with pytest.raises(OSError, match="No space"):
        own.keep(pixels(1))
    assert files(own) == []
    assert own.counts() == (0, 0)
    monkeypatch.undo()
    assert not drawing_room._COMING, "its place is free again"


def test_a_damaged_file_is_left_out(own: Collection) -> None:
    own.keep(pixels(1))
    folder = owner_folder(latent_home(), own.owner) / FOLDER
    (folder / f"{'0' * 32}.drawing").write_bytes(b"nothing of the kind")
    (folder / "elsewhere.txt").write_bytes(b"")
    assert own.counts() == (1, 1)


def test_a_class_adds_and_each_sees_and_deletes_its_own(own: Collection) -> None:
    token = opened(own)
    ann, bob = (Collection(new_owner(), token) for _ in range(2))
    hers, his, mine = ann.keep(pixels(1), "1"), bob.keep(pixels(2), "2"), own.keep(pixels(3), "3")
    assert [each.counts() for each in (ann, bob, own)] == [(3, 1), (3, 1), (3, 1)]
    assert ann.drawings() == (hers,)
    assert set(own.drawings()) == {hers, his, mine}
    assert set(Collection(own.owner, token).drawings()) == {hers, his, mine}, "also by the own link"
    assert Collection(ann.owner).counts() == (0, 0), "what is sent to the class is there alone"
    with pytest.raises(DrawingError, match=NOT_YOURS):
        ann.delete(his.id)
    with pytest.raises(DrawingError, match=NOT_YOURS):
        ann.delete("../../models/x")
    assert own.counts() == (3, 1)
    ann.delete(hers.id)
    own.delete(his.id)
    assert own.drawings() == (mine,)


def test_a_link_that_was_taken_back_lets_nobody_do_anything(own: Collection) -> None:
    guest = Collection(new_owner(), opened(own))
    kept = guest.keep(pixels(1))
    links.stop_sharing(own.owner, "drawings")
    for deed in (
        lambda: guest.keep(pixels(2)),
        guest.counts,
        guest.drawings,
        lambda: guest.delete(kept.id),
        lambda: guest.make_set("x"),
    ):
        with pytest.raises(DrawingError, match=CLOSED):
            deed()
    assert own.drawings() == (kept,), "what came stays"
    anew = opened(own)
    assert anew != guest.token
    with pytest.raises(DrawingError, match=CLOSED):
        guest.counts()
    assert Collection(guest.owner, anew).counts() == (1, 1)


def test_a_link_to_something_else_opens_no_collection(own: Collection) -> None:
    token = links.share(own.owner, "follow").token
    with pytest.raises(DrawingError, match=CLOSED):
        Collection(new_owner(), token).counts()


def test_only_whose_it_is_makes_a_set_of_it(own: Collection) -> None:
    guest = Collection(new_owner(), opened(own))
    for number in range(10):
        guest.keep(pixels(number))
    with pytest.raises(DrawingError, match="Only who opened"):
        guest.make_set("Ours")
    assert own.make_set("Ours").info.size == 10
    assert ImageLibrary(guest.owner).sets() == ()


def test_a_set_has_all_drawings_by_label_a_tenth_of_each_held_out(own: Collection) -> None:
    for number in range(40):
        own.keep(pixels(number), ("7", "10", "")[number % 3] if number < 30 else "7")
    made = own.make_set("My hand")
    assert made.info.shape == (1, 28, 28)
    assert made.info.label_names == ("7", "10", "unsorted")
    assert made.counts == ((18, 2), (9, 1), (9, 1))
    assert "40 drawings in 3 classes" in made.info.source
    assert own.counts() == (40, 40), "the collection stays"
    train = load_image_set(made.info.path)
    for image, label in zip(train.images, train.labels, strict=True):
        number = int.from_bytes(image.numpy().tobytes()[:4], "big")
        expected = ("7", "10", "unsorted")[number % 3] if number < 30 else "7"
        assert train.label_names[int(label)] == expected


def test_without_labels_there_are_no_classes(own: Collection) -> None:
    for number in range(12):
        own.keep(pixels(number))
    made = own.make_set("Bare")
    assert (made.info.label_names, made.info.size, made.info.test_size) == ((), 12, 0)
    assert load_image_set(made.info.path).labels is None


def test_too_few_too_many_and_no_title_are_said(own: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    own.keep(pixels(0))
    with pytest.raises(DrawingError, match="10 drawings or more; here is 1 drawing"):
        own.make_set("x")
    monkeypatch.setenv("LATENT_MAX_DRAWINGS", "12")
    for number in range(1, 12):
        own.keep(pixels(number), str(number))
    with pytest.raises(DrawingError, match="full: it has 12"):
        own.keep(pixels(12))
    own.keep(pixels(0))  # the same again takes its own place
    with pytest.raises(ImageLibraryError, match="A title"):
        own.make_set(" ")
    monkeypatch.setattr(drawings, "MOST_CLASSES", 11)
    with pytest.raises(DrawingError, match="12 labels"):
        own.make_set("x")
    assert ImageLibrary(own.owner).sets() == ()
    assert not list((latent_home() / "incoming").iterdir())


def test_one_browser_cannot_fill_a_class_s_collection(
    own: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENT_MAX_DRAWINGS_EACH", "2")
    token = opened(own)
    greedy, other = (Collection(new_owner(), token) for _ in range(2))
    for number in range(2):
        greedy.keep(pixels(number))
    with pytest.raises(DrawingError, match="2 drawings have come from this browser"):
        greedy.keep(pixels(3))
    other.keep(pixels(3))
    for number in range(4, 8):
        own.keep(pixels(number))
    assert own.counts() == (7, 4)


def test_each_browser_has_a_minute_s_bound_of_its_own(
    own: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    pace = Pace(lambda: now)
    monkeypatch.setattr(drawing_room, "_PACE", pace)
    monkeypatch.setenv("LATENT_MAX_DRAWINGS_A_MINUTE", "3")
    for number in range(3):
        own.keep(pixels(number))
    with pytest.raises(DrawingError, match="within a minute") as refused:
        own.keep(pixels(4))
    assert refused.value.status == 429
    Collection(new_owner()).keep(pixels(4))
    now += drawing_room.WINDOW_SECONDS
    own.keep(pixels(4))
    assert len(pace._sent) == 1, "who sent nothing for a minute is forgotten"


def test_thirty_send_ten_each_at_once_and_all_are_in_the_set(own: Collection) -> None:
    token = opened(own)
    begin = threading.Barrier(30)

    def child(place: int) -> None:
        mine = Collection(new_owner(), token)
        begin.wait()
        for digit in range(10):
            mine.keep(pixels(10 * place + digit), str(digit))
        assert mine.counts()[1] == 10

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(child, range(30)))
    assert own.counts() == (300, 0)
    made = own.make_set("Our class")
    assert made.counts == ((27, 3),) * 10
    numbers = []
    for split in ("train", "test"):
        found = load_image_set(made.info.path, split=split)
        heads = found.images.reshape(-1, PIXELS)[:, :4].numpy()
        numbers += [int.from_bytes(head.tobytes(), "big") for head in heads]
        assert np.array_equal(found.labels.numpy(), np.array(numbers[-len(heads) :]) % 10)
    assert sorted(numbers) == list(range(300))


def test_many_at_once_never_pass_the_bound(own: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_MAX_DRAWINGS", "20")
    token = opened(own)
    refused = []

    def child(place: int) -> None:
        mine = Collection(new_owner(), token)
        for number in range(5):
            try:
                mine.keep(pixels(5 * place + number))
            except DrawingError as error:
                refused.append(str(error))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(child, range(10)))
    assert own.counts() == (20, 0)
    assert len(refused) == 30
