"""The sets that do not ship: found where they are, fetched whole, refused when damaged."""

import gzip
import hashlib
import io
import pickle
import urllib.error

import numpy as np
import pytest

from tests.unit.idx_files import family, idx, is_available, write_family
from vae_core.images import catalogue, downloads
from vae_core.images.loading import load_image_set

pytestmark = pytest.mark.usefixtures("no_other_sets")
DOWNLOADED = ("mnist_full", "fashion_full", "kmnist", "cifar10")


# Files that are already there


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
    write_family(tmp_path / "home" / "images" / "KMNIST")
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
    def damaged(name, array):
        data = idx(array) if name != "train-images-idx3-ubyte" else spoil(idx(array))
        return gzip.compress(data) if compressed else data

    write_family(tmp_path / "MNIST", damaged, suffix=".gz" * compressed)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*download the set again"):
        load_image_set("mnist_full", root=tmp_path)


def test_a_broken_archive_is_named(tmp_path):
    write_family(tmp_path / "MNIST", lambda _, array: gzip.compress(idx(array))[:-20], suffix=".gz")
    with pytest.raises(ValueError, match="train-images-idx3-ubyte"):
        load_image_set("mnist_full", root=tmp_path)


def test_files_of_other_pictures_are_refused(tmp_path):
    write_family(tmp_path / "MNIST", lambda _, array: idx(array[:, :5] if array.ndim == 3 else array))
    with pytest.raises(ValueError, match="28x28"):
        load_image_set("mnist_full", root=tmp_path)


def test_labels_above_nine_are_refused(tmp_path):
    write_family(tmp_path / "MNIST", lambda _, array: idx(array + 1 if array.ndim == 1 else array))
    with pytest.raises(ValueError, match="labels 0 to 9"):
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
    return files | {"batches.meta": pickle.dumps({"label_names": list(catalogue.THINGS)})}


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
