import gzip
import hashlib
import io
import pickle
import subprocess
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae_core import downloads, images
from vae_core.images import ImageSet, balanced_order, image_sets, load_image_set

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {"mnist": (1, 28, 28), "fashion": (1, 28, 28), "digits": (1, 8, 8), "shapes": (1, 32, 32)}
DOWNLOADED = ("mnist_full", "fashion_full", "kmnist", "cifar10")


@pytest.fixture(autouse=True)
def no_debian_package(monkeypatch, tmp_path):
    """Let every test see the same computer: one without the package's files."""
    without = {name: vars(wanted) | {"elsewhere": ()} for name, wanted in downloads.DOWNLOADABLE.items()}
    for name, fields in without.items():
        monkeypatch.setitem(downloads.DOWNLOADABLE, name, downloads.Downloadable(**fields))
    monkeypatch.setenv("LATENT_HOME", str(tmp_path / "home"))


def test_listing_the_sets_imports_no_torch():
    code = (
        "import sys; from vae_core.images import ImageSetInfo, image_sets; assert len(image_sets()) == 8; "
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
    notice = (ROOT / "assets" / "images" / "NOTICE.md").read_text(encoding="utf-8")
    for words in ("Yann LeCun, Corinna Cortes and Christopher Burges", "Attribution-ShareAlike 3.0",
                  "Copyright (c) 2017 Zalando SE", "THE SOFTWARE IS PROVIDED"):  # fmt: skip
        assert words in " ".join(notice.split())
    shipped = {path.stem for path in (ROOT / "assets" / "images").glob("*.npz")}
    assert shipped == {"mnist", "fashion"}


def test_the_fashion_sample_is_what_its_notice_says(monkeypatch):
    folder = downloads.DEBIAN_FASHION
    fields = vars(downloads.DOWNLOADABLE["fashion_full"]) | {"elsewhere": (folder,)}
    monkeypatch.setitem(downloads.DOWNLOADABLE, "fashion_full", downloads.Downloadable(**fields))
    if not downloads.is_here("fashion_full", Path("nowhere")):
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    assert next(info for info in image_sets() if info.name == "fashion_full").available
    for split, limit, size in (("train", 10_000, 60_000), ("test", 2_000, 10_000)):
        whole = load_image_set("fashion_full", split=split)
        assert whole.labels.bincount().tolist() == [size // 10] * 10
        drawn = load_image_set("fashion_full", split=split, limit=limit, seed=0)
        sample = load_image_set("fashion", split=split)
        assert torch.equal(drawn.images, sample.images)
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


# Sets that do not ship


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def family(count: int = 40) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    made = {}
    for prefix, size in (("train", count), ("t10k", count // 2)):
        made[f"{prefix}-images-idx3-ubyte"] = random.integers(0, 256, (size, 28, 28), dtype=np.uint8)
        made[f"{prefix}-labels-idx1-ubyte"] = (np.arange(size) % 10).astype(np.uint8)
    return made


def is_available(name, root) -> bool:
    return next(info for info in image_sets(root=root) if info.name == name).available


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(
    ("name", "folder"), [("mnist_full", "MNIST"), ("fashion_full", "FashionMNIST"), ("kmnist", "KMNIST")]
)
def test_files_that_are_already_there_are_used(tmp_path, name, folder, compressed):
    made, raw = family(), tmp_path / folder / "raw"
    raw.mkdir(parents=True)
    for filename, array in made.items():
        assert not is_available(name, tmp_path)
        if compressed:
            (raw / f"{filename}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (raw / filename).write_bytes(idx(array))
    assert is_available(name, tmp_path)
    for split, prefix in (("train", "train"), ("test", "t10k")):
        loaded = load_image_set(name, split=split, root=tmp_path, download=True)  # nothing to download
        np.testing.assert_array_equal(loaded.images[:, 0], made[f"{prefix}-images-idx3-ubyte"])
        np.testing.assert_array_equal(loaded.labels, made[f"{prefix}-labels-idx1-ubyte"])
    assert load_image_set(name, root=str(tmp_path), limit=10).labels.bincount().tolist() == [1] * 10


def test_the_apps_own_folder_is_the_default(tmp_path):
    raw = tmp_path / "home" / "images" / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for filename, array in family().items():
        (raw / filename).write_bytes(idx(array))
    assert len(load_image_set("kmnist")) == 40


@pytest.mark.parametrize("name", DOWNLOADED)
def test_a_set_that_is_not_here_says_what_to_do(tmp_path, name):
    assert not is_available(name, tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        load_image_set(name, root=tmp_path)
    said = str(caught.value)
    assert "download" in said
    assert str(tmp_path) in said
    assert ("data_batch_1" if name == "cifar10" else "train-images-idx3-ubyte.gz") in said


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-1], lambda data: data[:7], lambda data: b"", lambda data: b"PK" + data[2:],
     lambda data: data + b"x", lambda data: bytes([0, 0, 8, 3]) + b"\xff" * 12],
    ids=["truncated", "half a header", "empty", "foreign", "too long", "absurd sizes"],
)  # fmt: skip
@pytest.mark.parametrize("compressed", [True, False])
def test_damaged_files_are_named(tmp_path, spoil, compressed):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for filename, array in family().items():
        data = idx(array) if filename != "train-images-idx3-ubyte" else spoil(idx(array))
        (raw / (filename + ".gz" * compressed)).write_bytes(gzip.compress(data) if compressed else data)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*download the set again"):
        load_image_set("mnist_full", root=tmp_path)


def test_a_broken_archive_is_named(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for filename, array in family().items():
        (raw / f"{filename}.gz").write_bytes(gzip.compress(idx(array))[:-20])
    with pytest.raises(ValueError, match="train-images-idx3-ubyte"):
        load_image_set("mnist_full", root=tmp_path)


def test_files_of_other_pictures_are_refused(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for filename, array in family().items():
        (raw / filename).write_bytes(idx(array[:, :5] if array.ndim == 3 else array))
    with pytest.raises(ValueError, match="28x28"):
        load_image_set("mnist_full", root=tmp_path)


# Downloads, from a pretended network


@pytest.fixture
def network(monkeypatch):
    """Serve files by name; an unknown name is an unreachable host. Returns (files, addresses asked for)."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Answer(io.BytesIO):
        def __exit__(self, *args):
            self.close()

    def urlopen(request, timeout):
        assert timeout > 0
        asked.append(request.full_url)
        name = request.full_url.rpartition("/")[2]
        if name not in files or "unreachable" in request.full_url:
            raise urllib.error.URLError("no route to host")
        return Answer(files[name])

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    return files, asked


@pytest.fixture
def served(network, monkeypatch):
    """Serve a small KMNIST, from the second of two mirrors."""
    files, asked = network
    for filename, array in family().items():
        files[f"{filename}.gz"] = gzip.compress(idx(array), mtime=0)
    dataset = downloads._dataset(downloads.DOWNLOADABLE["kmnist"])
    monkeypatch.setattr(dataset, "mirrors", ["http://unreachable/", "http://second/"])
    monkeypatch.setattr(
        dataset, "resources", [(name, hashlib.md5(data).hexdigest()) for name, data in files.items()]
    )
    return files, asked


def test_a_download_is_whole_and_tells_how_far_it_is(tmp_path, served):
    _, asked = served
    told = []
    loaded = load_image_set(
        "kmnist", root=tmp_path, download=True, progress=lambda done, what: told.append((done, what))
    )
    np.testing.assert_array_equal(loaded.images[:, 0], family()["train-images-idx3-ubyte"])
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert "train-images" in told[0][1]
    assert is_available("kmnist", tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    asked.clear()
    load_image_set("kmnist", root=tmp_path, download=True)
    assert not asked


def test_a_download_that_broke_off_goes_on_where_it_was(tmp_path, served):
    files, asked = served
    kept = files.pop("t10k-labels-idx1-ubyte.gz")
    with pytest.raises(OSError, match="no route to host"):
        load_image_set("kmnist", root=tmp_path, download=True)
    files["t10k-labels-idx1-ubyte.gz"] = kept
    asked.clear()
    assert len(load_image_set("kmnist", root=tmp_path, download=True)) == 40
    assert {url.rpartition("/")[2] for url in asked} == {"t10k-labels-idx1-ubyte.gz"}


def test_a_damaged_download_is_not_kept(tmp_path, served):
    files, _ = served
    files["train-images-idx3-ubyte.gz"] = files["train-images-idx3-ubyte.gz"][:-5]
    with pytest.raises(OSError, match="incomplete"):
        load_image_set("kmnist", root=tmp_path, download=True)
    assert not list(tmp_path.rglob("*.gz*"))


@pytest.mark.parametrize("name", DOWNLOADED)
def test_a_failed_download_says_why_and_what_to_do(tmp_path, network, name):
    with pytest.raises(OSError, match=r"no route to host.*[Cc]heck the network") as caught:
        load_image_set(name, root=tmp_path, download=True)
    assert name in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert not list(tmp_path.rglob("*.part"))


def test_a_full_disk_is_told(tmp_path, served, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads, "_copy", full)
    with pytest.raises(OSError, match=r"No space left on device.*space on the disk"):
        load_image_set("kmnist", root=tmp_path, download=True)


def test_progress_can_end_a_download(tmp_path, served):
    class Cancelled(Exception):
        pass

    def cancel(done, what):
        if done > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        load_image_set("kmnist", root=tmp_path, download=True, progress=cancel)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# CIFAR-10, whose files are pickles


class Hostile:
    def __reduce__(self):
        return (pytest.fail, ("a foreign file was unpickled",))


def cifar_files() -> dict[str, bytes]:
    random = np.random.default_rng(5)
    batches = {name: random.integers(0, 256, (20, 3072), dtype=np.uint8) for name in downloads._BATCHES[:6]}
    files = {
        name: pickle.dumps({"data": data, "labels": [i % 10 for i in range(20)]})
        for name, data in batches.items()
    }
    return files | {"batches.meta": pickle.dumps({"label_names": list(images.THINGS)})}


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    dataset = downloads._dataset(downloads.DOWNLOADABLE["cifar10"])
    files = cifar_files()
    sums = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(dataset, "train_list", [[name, sums[name]] for name in downloads._BATCHES[:5]])
    monkeypatch.setattr(dataset, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(dataset, "meta", dataset.meta | {"md5": sums["batches.meta"]})
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_cifar_is_read_channels_first(tmp_path, cifar):
    assert is_available("cifar10", tmp_path)
    train = load_image_set("cifar10", root=tmp_path)
    test = load_image_set("cifar10", split="test", root=tmp_path)
    stored = pickle.loads((cifar / "data_batch_1").read_bytes())["data"].reshape(-1, 3, 32, 32)
    assert (tuple(train.images.shape), tuple(test.images.shape)) == ((100, 3, 32, 32), (20, 3, 32, 32))
    np.testing.assert_array_equal(train.images[:20], stored)
    assert train.labels.bincount().tolist() == [10] * 10


def test_a_foreign_pickle_is_never_opened(tmp_path, cifar):
    (cifar / "data_batch_1").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match="download the set again"):
        load_image_set("cifar10", root=tmp_path)
    (cifar / "data_batch_1").write_bytes(cifar_files()["data_batch_1"])
    (cifar / "batches.meta").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match="download the set again"):
        load_image_set("cifar10", root=tmp_path)


# torchvision


def test_torchvision_can_be_imported_beside_this_torch():
    code = (
        "from vae_core.torchvision_import import import_torchvision; first = import_torchvision(); "
        "assert first is import_torchvision(); "
        "first.datasets.CIFAR10; first.utils.make_grid; first.transforms.ToTensor()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=120)


def test_torchvision_is_off_the_way_of_sets_that_are_here():
    code = (
        "import sys; from vae_core import load_image_set; load_image_set('mnist', limit=10); "
        "assert not {'torchvision', 'umap', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=120)
