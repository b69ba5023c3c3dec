"""Images of one's own: all that came is kept or named with a reason, whatever was in the file."""

import io
import os
import struct
import zipfile
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from vae_core import ModelConfig, TrainConfig, Trainer, import_images, load_bundle
from vae_core.__main__ import main
from vae_core.images.uploads import importing, pictures, sources
from vae_core.images.uploads.importing import stratified_split

RED, BLUE = (200, 10, 30), (20, 40, 220)


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(width=12, height=12, channels=1, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def png(seed=0, **shape):
    return saved(noise(seed=seed, **shape))


def zipped(files, path, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def kept(found, number=0):
    return found.images.images[number].numpy()


def one(image, kind="PNG", *, options=None, **asked):
    """Import one image, and return its pixels (C, H, W)."""
    data = image if isinstance(image, bytes) else saved(image, kind, **(options or {}))
    return kept(import_images({f"a.{kind.lower()}": data}, **asked))


def reason(data, name="a.png", **asked):
    """Import one file beside a good one, and return why it was refused."""
    found = import_images({name: data, "good.png": png(9)}, **asked)
    assert len(found.images) == 1
    ((named, why),) = found.refused
    assert named == name
    return why


def test_a_zip_of_folders_becomes_classes(tmp_path):
    files = {
        f"top/{label}/{n}.png": png(100 * k + n)
        for k, label in enumerate(("7", "10", "b c"))
        for n in range(4)
    }
    found = import_images(zipped(files, tmp_path / "mine.zip"), size=12)
    assert found.images.label_names == ("7", "10", "b c")
    assert torch.bincount(found.images.labels).tolist() == [4, 4, 4]
    assert (found.refused, found.duplicates) == ((), 0)
    assert found.images.title == "mine"
    assert "12 images in 3 classes, 0 files refused" in found.images.source
    order = list(files)
    for number, name in enumerate(order):
        label = found.images.label_names[int(found.images.labels[number])]
        assert label == name.split("/")[1]
        assert np.array_equal(kept(found, number)[0], np.asarray(Image.open(io.BytesIO(files[name]))))


def test_a_folder_is_read_and_its_links_are_not(tmp_path):
    (tmp_path / "mine" / "a").mkdir(parents=True)
    (tmp_path / "mine" / "b").mkdir()
    (tmp_path / "secret.png").write_bytes(png(5))
    for name in ("a/1.png", "b/2.png", "b/3.png"):
        (tmp_path / "mine" / name).write_bytes(png(len(name)))
    (tmp_path / "mine" / "a" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "mine" / "linked").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "mine" / "pipe.png")
    found = import_images(tmp_path / "mine", size=8)
    assert found.images.label_names == ("a", "b")
    assert found.images.labels.tolist() == [0, 1, 1]
    reasons = dict(found.refused)
    assert set(reasons) == {"a/link.png", "linked", "pipe.png"}
    assert "links are not followed" in reasons["a/link.png"]
    assert "links are not followed" in reasons["linked"]
    assert reasons["pipe.png"] == "it is no file"


def test_files_without_folders_have_no_classes_and_those_beside_folders_are_unsorted():
    assert import_images({"a.png": png(1), "b.png": png(2)}).images.labels is None
    found = import_images({"a.png": png(1), "x/b.png": png(2)}).images
    assert found.label_names == ("unsorted", "x")
    assert found.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    "table",
    [
        b"file,label\r\na.png,cat\r\nx/b.png,dog\r\nnone.png,cat\r\nlonely\r\n",
        b"a.png,cat\nb.png,dog\nnone.png,cat\nlonely\n",
        "\ufefflabel;note;filename\ncat;-;a.png\ndog;-;b.png\ncat;-;none.png\nlonely\n".encode(),
    ],
)
def test_a_table_gives_classes(table):
    found = import_images({"a.png": png(1), "labels.csv": table, "x/b.png": png(2), "c.png": png(3)})
    assert found.images.label_names == ("cat", "dog", "unsorted")
    assert found.images.labels.tolist() == [0, 1, 2]
    assert [name for name, _ in found.refused] == ["labels.csv", "labels.csv"]
    assert "there is no image 'none.png'" in found.refused[0][1]
    assert "has no two columns" in found.refused[1][1]


def test_a_table_of_something_else_is_refused_and_folders_are_taken():
    found = import_images({"x/a.png": png(1), "y/b.png": png(2), "data.csv": b"1,2\n3,4\n", "2.csv": b"a"})
    assert found.images.label_names == ("x", "y")
    assert "names none of the images" in dict(found.refused)["data.csv"]
    assert "one table is enough" in dict(found.refused)["2.csv"]


def test_an_image_of_the_wanted_size_stays_as_it_is():
    image = noise(28, 28)
    assert np.array_equal(one(image)[0], np.asarray(image))
    colour = noise(16, 16, 3)
    assert np.array_equal(one(colour, size=16, channels=3), np.asarray(colour).transpose(2, 0, 1))


def halves(width, height):
    """A red left half and a blue right half."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_how_a_wide_image_becomes_square(fit):
    image = Image.new("RGB", (40, 20), RED)
    image.paste(BLUE, (10, 0, 30, 20))  # the middle square
    made = one(image, size=20, channels=3, fit=fit, ground=255)
    middle, left, above = made[:, 10, 10], made[:, 10, 1], made[:, 1, 10]
    assert tuple(middle) == BLUE
    assert tuple(left) == (BLUE if fit == "crop" else RED)
    assert tuple(above) == ((255, 255, 255) if fit == "pad" else BLUE)


def test_a_smaller_image_is_an_average():
    board = np.indices((64, 64)).sum(0) % 2 * 255
    made = one(Image.fromarray(board.astype(np.uint8)), size=8)
    assert np.all(np.abs(made.astype(int) - 127) <= 2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_an_image(orientation):
    turned = halves(16, 16)
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = one(saved(turned, "JPEG", quality=95, exif=exif), "jpeg", size=16, channels=3)
    is_red = made[0] > made[2]
    expected = {
        1: is_red[:, :6].all(),
        2: is_red[:, 10:].all(),
        3: is_red[:, 10:].all(),
        4: is_red[:, :6].all(),
        5: is_red[:6].all(),
        6: is_red[:6].all(),
        7: is_red[10:].all(),
        8: is_red[10:].all(),
    }
    assert expected[orientation]


def test_alpha_lies_on_the_ground():
    image = Image.new("RGBA", (8, 8), (*RED, 0))
    image.paste((*BLUE, 255), (0, 0, 4, 8))
    for ground in (0, 255, 90):
        made = one(image, size=8, channels=3, ground=ground)
        assert tuple(made[:, 4, 6]) == (ground,) * 3
        assert tuple(made[:, 4, 1]) == BLUE
    grey = Image.new("LA", (8, 8), (100, 128))
    assert abs(int(one(grey, size=8, ground=0)[0, 0, 0]) - 50) <= 1
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, *RED])
    assert tuple(one(palette, size=8, channels=3, options={"transparency": 1}, ground=7)[:, 0, 0]) == (
        7,
        7,
        7,
    )


def test_every_kind_of_pixel():
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, *RED])
    assert tuple(one(palette, size=8, channels=3)[:, 0, 0]) == RED
    deep = Image.fromarray(np.full((8, 8), 51_400, np.uint16))
    assert one(deep, size=8)[0, 0, 0] == 200
    assert one(saved(deep, "TIFF"), "tiff", size=8)[0, 0, 0] == 200
    assert (
        tuple(one(Image.fromarray(np.full((8, 8), 257 * 30, np.uint16)), size=8, channels=3)[:, 0, 0])
        == (30,) * 3
    )
    ink = Image.new("RGB", (8, 8), RED).convert("CMYK")
    for kind in ("JPEG", "TIFF"):
        made = one(saved(ink, kind), kind.lower(), size=8, channels=3)[:, 4, 4].astype(int)
        assert np.all(np.abs(made - RED) < 12)
    assert one(Image.new("1", (8, 8), 1), size=8)[0, 0, 0] == 255
    assert tuple(one(Image.new("L", (8, 8), 77), size=8, channels=3)[:, 0, 0]) == (77, 77, 77)
    luma = round(0.299 * RED[0] + 0.587 * RED[1] + 0.114 * RED[2])
    assert abs(int(one(Image.new("RGB", (8, 8), RED), size=8)[0, 0, 0]) - luma) <= 1


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "TGA"])
def test_every_kind_of_file(kind):
    image = Image.new("L", (9, 9), 60)
    assert (
        abs(int(one(saved(image.convert("RGB") if kind == "WEBP" else image, kind), kind)[0, 5, 5]) - 60) <= 1
    )


def test_duplicates_are_kept_and_counted():
    found = import_images(
        {"a.png": png(1), "b.png": png(2), "c.bmp": saved(noise(seed=1), "BMP"), "d.png": png(1)}
    )
    assert (len(found.images), found.duplicates) == (4, 2)


def animated():
    return saved(noise(seed=1), "GIF", save_all=True, append_images=[noise(seed=2), noise(seed=3)])


def bomb(width, height):
    """A PNG of few bytes that says it has many pixels."""
    data = bytearray(png())
    data[16:24] = struct.pack(">II", width, height)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("empty.png", b"", "it is empty"),
        ("text.png", b"hello", "it is no image that can be read here: PNG"),
        ("cut.png", png(width=60, height=60)[:900], "it is damaged or cut off"),
        ("cut.jpg", saved(noise(60, 60), "JPEG")[:800], "it is damaged or cut off"),
        ("animated.gif", animated(), "it is 3 pictures in one file"),
        ("drawing.png", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "it is SVG"),
        ("drawing.svg", b"<svg onload='alert(1)'/>", "it is SVG"),
        ("page.jpg", b"\xef\xbb\xbf<!DOCTYPE html><script>alert(1)</script>", "it is a page of HTML"),
        ("inner.zip", b"PK\x03\x04" + bytes(40), "it is an archive within an archive"),
        ("paper.pdf", b"%PDF-1.7", "it is a PDF"),
        ("bomb.png", bomb(60_000, 60_000), "more than 50 million pixels"),
        ("wide.png", bomb(2**31 - 1, 2**31 - 1), "more than 50 million pixels"),
        (
            "print.png",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            "it is no image that can be read",
        ),
        ("float.tiff", saved(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"), "floating-point"),
        ("__MACOSX/._a.png", png(), "it belongs to a system"),
        ("a/.DS_Store", b"\0", "it belongs to a system"),
        ("../../etc/passwd.png", png(), "leads out of the archive"),
        ("/root/a.png", png(), "leads out of the archive"),
        ("C:\\windows\\a.png", png(), "leads out of the archive"),
        ("large.png", bytes(64_000_001), "the limit for one file is 64 MB"),
        ("<b>ß漢</b>\u202e.png", b"?", "it is no image"),
    ],
)
def test_what_is_refused_is_named_with_its_reason(name, data, why):
    assert why in reason(data, name)


def test_nothing_readable_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"images has not one image .*a.png: it is no image"):
        import_images({"a.png": b"?"})
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="none has not one image that can be read"):
        import_images(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        import_images(tmp_path / "nowhere.zip")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"size": 7}, "size must be a whole number from 8 to 128; got 7"),
        ({"size": 12.5}, "size must be"),
        ({"channels": 2}, r"channels must be 1 \(grey\) or 3"),
        ({"fit": "squash"}, "fit must be one of crop, pad, stretch"),
        ({"ground": 300}, "ground must be a grey level"),
    ],
)
def test_arguments_out_of_range(asked, said):
    with pytest.raises(ValueError, match=said):
        import_images({"a.png": png()}, **asked)


def test_a_set_that_is_full_names_the_rest(monkeypatch):
    monkeypatch.setattr(importing, "MAX_IMAGES", 3)
    found = import_images({f"{n}.png": png(n) for n in range(5)})
    assert len(found.images) == 3
    assert [name for name, _ in found.refused] == ["3.png", "4.png"]
    assert "the set is full: it has 3 images" in found.refused[0][1]
    monkeypatch.setattr(importing, "MAX_IMAGES", 99)
    monkeypatch.setattr(importing, "MAX_PIXEL_BYTES", 2 * 28 * 28)
    assert len(import_images({f"{n}.png": png(n) for n in range(5)}).images) == 2


def test_an_archive_of_an_archive_bomb_and_a_password(tmp_path):
    path = zipped({"zeros.bmp": bytes(60_000_000), "good.png": png()}, tmp_path / "a.zip")
    found = import_images(path)
    assert "would unpack to" in dict(found.refused)["zeros.bmp"]
    data = bytearray(zipped({"a.png": png(1), "b.png": png(2)}, tmp_path / "b.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    (tmp_path / "b.zip").write_bytes(data)
    assert "encrypted" in dict(import_images(tmp_path / "b.zip").refused)["a.png"]


def test_a_file_without_a_name_costs_no_other(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), png(1))
        archive.writestr("b.png", png(2))
    found = import_images(tmp_path / "a.zip")
    assert len(found.images) == 1
    assert found.refused == (("(a file without a name)", "it has no name"),)


def test_links_in_an_archive_and_what_says_less_than_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.png", png())
        archive.writestr("inner/more.zip", zipped({"a.png": png()}, tmp_path / "i.zip").read_bytes())
    reasons = dict(import_images(tmp_path / "a.zip").refused)
    assert "links are not followed" in reasons["link.png"]
    assert "an archive within an archive" in reasons["inner/more.zip"]
    data = bytearray(zipped({"a.png": bytes(50_000), "b.png": png()}, tmp_path / "b.zip").read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # the size that the directory gives
    data[at : at + 4] = struct.pack("<I", 10)
    (tmp_path / "b.zip").write_bytes(data)
    assert "a.png" in dict(import_images(tmp_path / "b.zip").refused)


def test_all_files_together_are_bounded(monkeypatch):
    monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 2 * len(png(1)))
    found = import_images({f"{n}.png": png(n) for n in range(5)})
    assert 1 <= len(found.images) <= 2
    assert len(found.images) + len(found.refused) == 5
    monkeypatch.setattr(sources, "MAX_FILES", 3)
    with pytest.raises(ValueError, match="more than 3 files"):
        import_images({f"{n}.png": png(n) for n in range(5)})


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.99])
def test_an_archive_that_was_cut(tmp_path, cut):
    data = zipped({f"{n}.png": png(n) for n in range(9)}, tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data[: int(cut * len(data))])
    with pytest.raises(ValueError, match=r"a\.zip is no zip archive, or cut on its way"):
        import_images(tmp_path / "a.zip")


def test_mutated_archives_never_crash(tmp_path):
    random = Random(0)
    files = {
        "a/1.png": png(1),
        "b/2.jpg": saved(noise(20, 30), "JPEG"),
        "b/3.gif": animated(),
        "l.csv": b"1.png,x",
    }
    data = zipped(files, tmp_path / "a.zip").read_bytes()
    arrays = io.BytesIO()
    np.savez_compressed(arrays, images=np.zeros((5, 9, 9), np.uint8), labels=np.arange(5))
    said = []
    for number in range(300):
        ending, whole = ("zip", data) if number % 3 else ("npz", arrays.getvalue())
        changed = bytearray(whole)
        for _ in range(random.randint(1, 6)):
            changed[random.randrange(len(changed))] = random.randrange(256)
        path = tmp_path / f"changed.{ending}"
        path.write_bytes(changed)
        try:
            found = import_images(path, size=8)
        except ValueError as error:
            said.append(str(error))
        else:
            assert len(found.images) >= 1
            assert all(why for _, why in found.refused)
    assert said
    assert max(map(len, said)) < 700


def test_arrays_of_every_layout(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 9, 11, 3), np.uint8)
    for name, images in {
        "grey": pixels[..., 0],
        "last": pixels,
        "first": pixels.transpose(0, 3, 1, 2),
        "floats": pixels.astype(np.float32) / 255,
        "wide": pixels.astype(np.int64),
        "deep": pixels.astype(np.uint16) * 257,
        "alpha": np.concatenate([pixels, np.full((30, 9, 11, 1), 255, np.uint8)], axis=3),
    }.items():
        np.savez(tmp_path / f"{name}.npz", images=np.ascontiguousarray(images), labels=np.arange(30) % 4 + 7)
        found = import_images(tmp_path / f"{name}.npz", size=9, channels=3, fit="stretch")
        assert found.images.label_names == ("7", "8", "9", "10")
        assert found.images.labels.tolist() == [n % 4 for n in range(30)]
        wanted = pixels[..., :1].repeat(3, 3) if name == "grey" else pixels
        for number in range(30):
            expected = Image.fromarray(wanted[number]).resize((9, 9), Image.Resampling.BILINEAR)
            assert np.array_equal(kept(found, number), np.asarray(expected).transpose(2, 0, 1)), name


def test_arrays_are_read_in_pieces(tmp_path, monkeypatch):
    from vae_core.images.uploads import arrays

    monkeypatch.setattr(arrays, "PIECE_BYTES", 1_000)
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)
    names = np.array(["zero", "one", "two"])
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(50) % 3, label_names=names, more=np.ones(3))
    found = import_images(tmp_path / "a.npz")
    assert np.array_equal(found.images.images[:, 0].numpy(), images)
    assert found.images.label_names == ("zero", "one", "two")
    assert found.refused == (("more", "it is neither images nor their labels"),)


class Trap:
    """Tells when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def test_objects_in_arrays_are_never_unpickled(tmp_path):
    trap = np.empty(3, object)
    trap[:] = Trap()
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 8, 8), np.uint8), labels=trap, allow_pickle=True)
    found = import_images(tmp_path / "a.npz", size=8)
    assert "never unpickled" in dict(found.refused)["labels"]
    np.savez(tmp_path / "b.npz", images=trap, allow_pickle=True)
    with pytest.raises(
        ValueError, match=r"b.npz has no array of images .*never unpickled.*name one .images."
    ):
        import_images(tmp_path / "b.npz", size=8)
    assert not Trap.sprung


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": np.zeros(4)}, "has no array of images"),
        ({"a": np.zeros((4, 8, 8)), "b": np.zeros((4, 8, 8))}, "has several arrays of images"),
        ({"images": np.zeros((4, 8, 8, 5), np.uint8)}, "neither 1, 3 nor 4 channels"),
        ({"images": np.full((4, 8, 8), 1e6)}, "neither from 0 to 1, nor to 255"),
        ({"images": np.full((4, 8, 8), np.nan)}, "not all finite"),
        ({"images": np.full((4, 8, 8), -3)}, "neither from 0 to 1"),
        ({"images": np.zeros((0, 8, 8), np.uint8)}, "the limit is 70,000 images"),
        ({"images": np.asfortranarray(np.zeros((4, 8, 9), np.uint8))}, "np.ascontiguousarray"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, arrays, said):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=said):
        import_images(tmp_path / "a.npz", size=8)


def test_an_array_that_says_it_is_larger_than_it_is(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (60_000, 64, 64)}
    )
    zipped({"images.npy": header.getvalue() + bytes(100)}, tmp_path / "a.npz")
    with pytest.raises(ValueError, match="images: it is cut off"):
        import_images(tmp_path / "a.npz")


def test_the_held_out_tenth_has_every_class_in_its_share():
    files = {
        f"{label}/{n}.png": png(n) for label, count in (("a", 100), ("b", 40), ("c", 4)) for n in range(count)
    }
    images = import_images(files, size=8).images
    kept_ones, held_out = stratified_split(images, seed=3)
    assert torch.bincount(held_out.labels, minlength=3).tolist() == [10, 4, 0]
    assert len(kept_ones) + len(held_out) == 144
    again = stratified_split(images, seed=3)[1]
    assert torch.equal(again.images, held_out.images)
    few = images.take(torch.arange(19))
    assert stratified_split(few) == (few, None)


def test_an_import_trains_like_any_other_set():
    images = import_images(
        {f"{label}/{n}.png": png(n) for label in "ab" for n in range(15)}, size=8, channels=3
    )
    learned, held_out = stratified_split(images.images)
    config = ModelConfig((3, 8, 8), 2, "mlp", likelihood="gaussian_learned", width=0.125)
    trainer = Trainer(learned, config, TrainConfig(epochs=1, batch_size=8), test_set=held_out)
    trainer.advance()
    assert trainer.bundle().image_set["label_names"] == ["a", "b"]


def test_train_from_the_command_line(tmp_path, capsys):
    folder, out = tmp_path / "mine", tmp_path / "a.safetensors"
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for n in range(12):
            (folder / label / f"{n}.png").write_bytes(png(n, channels=3))
    (folder / "notes.txt").write_text("no image")
    asked = ["--size", "8", "--colour", "--likelihood", "gaussian_learned", "--architecture", "mlp"]
    small = ["--width", "0.125", "--epochs", "1", "--no-umap", "--out", str(out)]
    assert main(["train", "--images", str(folder), *asked, *small]) == 0
    said = capsys.readouterr().err
    assert "not taken: notes.txt: it is no image that can be read here" in said
    assert "24 images in 2 classes, 1 files refused" in said
    bundle = load_bundle(out)
    assert bundle.model_config.image_shape == (3, 8, 8)
    assert bundle.image_set["label_names"] == ("a", "b")
    assert bundle.metrics["test_images"] == 2
    assert main(["train", "--images", str(folder), "--size", "300", *small]) == 2
    assert "size must be a whole number from 8 to 128" in capsys.readouterr().err


def test_a_picture_needs_no_warning_to_be_refused(recwarn):
    with pytest.raises(ValueError, match="damaged"):
        pictures.picture(saved(noise(60, 60), "TIFF")[:200], size=8, channels=1, fit="crop", ground=0)
    assert not recwarn.list
