"""The sets that are always here, and what an image set must be."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.images.fashion_originals import tell_tales, write_stand_ins
from vae_core.images import downloads
from vae_core.images.loading import ImageSet, balanced_order, image_sets, load_image_set

pytestmark = pytest.mark.usefixtures("no_other_sets")
ROOT = Path(__file__).resolve().parents[3]
SHIPPED = {"mnist": (1, 28, 28), "fashion": (1, 28, 28), "digits": (1, 8, 8), "shapes": (1, 32, 32)}
DOWNLOADED = ("mnist_full", "fashion_full", "kmnist", "cifar10")


@pytest.mark.process
def test_listing_the_sets_imports_no_torch():
    code = (
        "import sys; from vae_core import ImageSetInfo, image_sets; assert len(image_sets()) == 8; "
        "import vae_core; vae_core.image_sets; vae_core.ImageSetInfo; "
        "heavy = {'torch', 'torchvision', 'sklearn', 'scipy', 'umap'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=60)


def test_the_listing_agrees_with_what_is_loaded():
    infos = {info.name: info for info in image_sets()}
    assert set(infos) == {*SHIPPED, *DOWNLOADED}
    for name, shape in SHIPPED.items():
        info = infos[name]
        assert info.available
        assert info.download_bytes == 0
        for split, size in (("train", info.size), ("test", info.test_size)):
            loaded = load_image_set(name, split=split)
            assert loaded.images.dtype == torch.uint8
            assert tuple(loaded.images.shape) == (size, *shape) == (size, *info.shape)
            assert loaded.image_shape == shape
            assert len(loaded) == size
            assert (loaded.name, loaded.title) == (info.name, info.title)
            assert (loaded.licence, loaded.source) == (info.licence, info.source)
            assert loaded.licence
            assert loaded.source
            assert loaded.label_names == info.label_names
            assert loaded.labels.dtype == torch.int64
            assert set(loaded.labels.tolist()) == set(range(len(loaded.label_names)))
            assert loaded.factor_names == info.factor_names
            assert (loaded.images.min(), loaded.images.max()) == (0, 255)


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [("mnist", (1000, 1000), (200, 200)), ("fashion", (1000, 1000), (200, 200)),
     ("digits", (144, 153), (30, 30)), ("shapes", (3333, 3334), (666, 667))],
)  # fmt: skip
def test_classes_are_balanced(name, train, test):
    for split, (least, most) in (("train", train), ("test", test)):
        counts = load_image_set(name, split=split).labels.bincount()
        assert least <= counts.min()
        assert counts.max() <= most


@pytest.mark.parametrize("name", ["fashion", "digits", "shapes"])
def test_no_test_picture_is_a_training_picture(name):
    train = {image.numpy().tobytes() for image in load_image_set(name).images}
    test = {image.numpy().tobytes() for image in load_image_set(name, split="test").images}
    assert len(train & test) <= 3  # Fashion-MNIST itself holds a few pictures twice
    assert len(train) > 1400


def test_digits_are_all_of_scikit_learns_digits():
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    ours = [load_image_set("digits", split=split) for split in ("train", "test")]
    stored = torch.cat([part.images for part in ours]).reshape(-1, 64).numpy()
    given_rows = np.round(pixels * 255 / 16).astype(np.uint8)
    assert sorted(map(bytes, stored)) == sorted(map(bytes, given_rows))
    label_of = {bytes(row): label for row, label in zip(given_rows, labels)}
    assert [label_of[bytes(row)] for row in stored] == torch.cat([part.labels for part in ours]).tolist()


def test_shapes_come_with_their_factors():
    loaded = load_image_set("shapes", split="test")
    assert loaded.factor_names == ("kind", "size", "angle", "x", "y")
    assert tuple(loaded.factors.shape) == (2000, 5)
    assert loaded.factors.dtype == torch.float32
    assert torch.equal(loaded.factors[:, 0].long(), loaded.labels)


def test_notices_ship_with_the_pictures():
    notices = " ".join((ROOT / "assets" / "NOTICES.md").read_text(encoding="utf-8").split())
    for words in ("Yann LeCun, Corinna Cortes and Christopher Burges", "Attribution-ShareAlike 3.0",
                  "Copyright (c) 2017 Zalando SE", "THE SOFTWARE IS PROVIDED",
                  "E. Alpaydin and C. Kaynak", "Attribution 4.0"):  # fmt: skip
        assert words in notices
    shipped = {path.stem for path in (ROOT / "assets" / "images").glob("*.npz")}
    assert shipped == {"mnist", "fashion"}
    for path in (*(ROOT / "assets" / "images").iterdir(), *(ROOT / "assets" / "bundles").iterdir()):
        assert path.name in notices or path.stem.startswith("shapes-"), f"{path.name} has no notice"


def test_the_fashion_sample_is_what_its_notice_says(monkeypatch, tmp_path):
    write_stand_ins(tmp_path / "originals")
    fields = vars(downloads.DOWNLOADABLE["fashion_full"]) | {"elsewhere": (tmp_path / "originals",)}
    monkeypatch.setitem(downloads.DOWNLOADABLE, "fashion_full", downloads.Downloadable(**fields))
    assert next(info for info in image_sets() if info.name == "fashion_full").available
    for split, limit, size in (("train", 10_000, 60_000), ("test", 2_000, 10_000)):
        whole = load_image_set("fashion_full", split=split)
        assert whole.labels.bincount().tolist() == [size // 10] * 10
        drawn = load_image_set("fashion_full", split=split, limit=limit, seed=0)
        sample = load_image_set("fashion", split=split)
        assert np.array_equal(drawn.images[:, 0, 0, 0].numpy(), tell_tales(sample.images.numpy()))
        assert torch.equal(drawn.labels, sample.labels)


# Limits


def test_a_limit_takes_the_first_of_a_seeded_balanced_shuffle():
    few, more = load_image_set("digits", limit=20), load_image_set("digits", limit=50)
    assert torch.equal(few.images, more.images[:20])
    assert few.labels.bincount().tolist() == [2] * 10
    again, other = load_image_set("digits", limit=20), load_image_set("digits", limit=20, seed=1)
    assert torch.equal(few.images, again.images)
    assert not torch.equal(few.images, other.images)


def test_a_limit_keeps_pictures_labels_and_factors_together():
    whole, few = load_image_set("shapes", split="test"), load_image_set("shapes", split="test", limit=30)
    row_of = {image.numpy().tobytes(): row for row, image in enumerate(whole.images)}
    rows = torch.tensor([row_of[image.numpy().tobytes()] for image in few.images])
    assert torch.equal(whole.factors[rows], few.factors)
    assert torch.equal(whole.labels[rows], few.labels)


def test_a_limit_beyond_the_set_gives_all_of_the_shuffle():
    most, whole, beyond = (load_image_set("digits", split="test", limit=n) for n in (299, 300, 10_000))
    assert torch.equal(most.images, whole.images[:299])
    assert torch.equal(whole.images, beyond.images)
    assert len(beyond) == 300


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 2**32 - 1))
def test_every_beginning_of_the_balanced_order_is_balanced(labels, seed):
    labels = np.array(labels, dtype=np.int64)
    order = balanced_order(labels, seed=seed)
    assert sorted(order) == list(range(len(labels)))
    for stop in range(len(labels) + 1):
        taken = {label: int((labels[order[:stop]] == label).sum()) for label in np.unique(labels)}
        unfinished = [count for label, count in taken.items() if count < (labels == label).sum()]
        if unfinished:
            assert max(taken.values()) <= min(unfinished) + 1


# Bad input


def test_an_unknown_name_names_the_choices():
    with pytest.raises(ValueError, match=r"'nist'.*mnist, fashion, digits, shapes, mnist_full"):
        load_image_set("nist")


@pytest.mark.parametrize("bad", [{"split": "validation"}, {"limit": 0}, {"limit": -1}])
def test_nonsense_is_refused(bad):
    with pytest.raises(ValueError, match=str(next(iter(bad.values())))):
        load_image_set("digits", **bad)


def test_an_image_set_refuses_parts_that_do_not_fit():
    good = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    assert ImageSet("a", "A", good).labels is None
    with pytest.raises(ValueError, match="uint8"):
        ImageSet("a", "A", good.float())
    with pytest.raises(ValueError, match="N, C, H, W"):
        ImageSet("a", "A", good[0])
    with pytest.raises(ValueError, match="labels"):
        ImageSet("a", "A", good, torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"labels must be torch\.int64.*torch\.int32"):
        ImageSet("a", "A", good, torch.zeros(3, dtype=torch.int32))
    with pytest.raises(ValueError, match="factors"):
        ImageSet("a", "A", good, factors=torch.zeros(3, 2), factor_names=("size",))
    with pytest.raises(ValueError, match=r"factors must be torch\.float32.*torch\.float64"):
        ImageSet("a", "A", good, factors=torch.zeros(3, 1).double(), factor_names=("size",))


@pytest.mark.parametrize(
    ("labels", "names", "last"),
    [([0, 1, 2], ("a", "b"), 1), ([-1, 0, 1], ("a", "b"), 1), ([0, 0, -1], (), 999), ([0, 0, 1000], (), 999)],
)
def test_labels_are_indices_into_their_names(labels, names, last):
    good = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match=f"from 0 to {last}.*they go from {min(labels)} to {max(labels)}"):
        ImageSet("a", "A", good, torch.tensor(labels), names)


def test_labels_may_have_holes_and_a_set_may_be_empty():
    pictures = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    holed = ImageSet("a", "A", pictures, torch.tensor([0, 7, 9]), tuple("abcdefghij"))
    assert len(holed.take(torch.zeros(0, dtype=torch.int64))) == 0
    with pytest.raises(ValueError, match="at most 1,000 label_names, not 1,001"):
        ImageSet("a", "A", pictures, torch.tensor([0, 0, 0]), ("a",) * 1001)


def test_take_keeps_what_belongs_together():
    loaded = load_image_set("shapes", split="test")
    some = loaded.take(torch.tensor([5, 2]))
    assert torch.equal(some.images, loaded.images[[5, 2]])
    assert torch.equal(some.factors[1], loaded.factors[2])
    assert some.labels.tolist() == loaded.labels[[5, 2]].tolist()
    assert some.licence == loaded.licence


# torchvision


@pytest.mark.process
def test_torchvision_can_be_imported_beside_this_torch():
    code = (
        "from vae_core.images.torchvision_import import import_torchvision; first = import_torchvision(); "
        "assert first is import_torchvision(); "
        "first.datasets.CIFAR10; first.utils.make_grid; first.transforms.ToTensor()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=120)


@pytest.mark.process
def test_torchvision_is_off_the_way_of_sets_that_are_here():
    code = (
        "import sys; from vae_core import load_image_set; load_image_set('mnist', limit=10); "
        "assert not {'torchvision', 'umap', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=120)
