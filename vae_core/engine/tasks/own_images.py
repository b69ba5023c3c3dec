"""Jobs about images of one's own: looking at a few, reading all before they are kept, exporting them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from vae_core.images.loading import load_image_set
from vae_core.images.own_sets import describe_set, read_in_order, write_set
from vae_core.images.uploads.importing import held_out_of, import_images
from vae_core.images.uploads.limits import FITS
from vae_core.images.uploads.pictures import as_picture
from vae_core.images.uploads.samples import samples_of
from vae_core.images.uploads.sources import count_files
from vae_core.pictures import sheets
from vae_core.storage.home import write_whole

if TYPE_CHECKING:
    from vae_core.engine.contract.info import Report

SAMPLES: Final = 4
LISTED: Final = 200
"""So many refused files a page lists; the others stand in a table of their own."""

_UNFIT: Final = re.compile(r'[\x00-\x1f\\/:*?"<>|]')


def look_at_images(
    report: Report, *, path: str, size: int | None = None, channels: int | None = None, ground: int = 255
) -> dict[str, Any]:
    """Show what each way to make images square makes of a few of them.

    Args:
        report: progress.
        path: what was brought.
        size: rows and columns; None for those that suit the images.
        channels: 1 for grey, 3 for colour; None for what suits them.
        ground: grey level behind and beside them.

    Returns:
        `size`, `channels`: what was shown; `sizes`: (width, height) of each as it came; `crop`, `pad`,
        `stretch`: PNGs, the images side by side.
    """
    found = samples_of(Path(path), count=SAMPLES, ground=ground)
    shown = {"size": size or found.size, "channels": channels or found.channels}
    pictures = {}
    for fit in FITS:
        each = [as_picture(image, fit=fit, ground=ground, **shown) for image in found.images]
        pictures[fit] = sheets.png(sheets.grid(np.stack(each), SAMPLES, gap=max(1, shown["size"] // 16)))
    return {**shown, "sizes": [list(each) for each in found.sizes], **pictures}


def preview_images(
    report: Report, *, path: str, out: str, listing: str, size: int, channels: int, fit: str, ground: int
) -> dict[str, Any]:
    """Read all images that were brought into a set's file, and tell what came of them.

    Args:
        report: progress.
        path: what was brought.
        out: where the set's file goes.
        listing: where a table of the refused files goes.
        size: rows and columns.
        channels: 1 for grey, 3 for colour.
        fit: "crop", "pad" or "stretch".
        ground: grey level behind and beside them.

    Returns:
        `kept` and `duplicates`, numbers of images; `refused`, how many files, the first of which stand in
        `reasons` with their reason; `classes`: name, how many to learn from, how many held out; `png`: a
        contact sheet.
    """
    total = count_files(Path(path))

    def tell(number: int, name: str) -> None:
        report(min(0.9, 0.9 * number / total) if total else 0.5, f"{number:,} files looked at")

    found = import_images(path, size=size, channels=channels, fit=fit, ground=ground, progress=tell)
    report(0.9, "Writing the images")
    write_whole(Path(listing), _table(found.refused), durable=False)
    write_set(Path(out), found.images, held_out_of(found.images))
    report(0.95, "Drawing some of them")
    counts = describe_set(Path(out)).counts
    names = found.images.label_names or ("",)
    return {
        "kept": len(found.images),
        "duplicates": found.duplicates,
        "refused": len(found.refused),
        "reasons": [[name[:300], why] for name, why in found.refused[:LISTED]],
        "classes": [[name, *each] for name, each in zip(names, counts, strict=True)],
        "png": _sheet(out),
    }


def export_images(report: Report, *, images: str, out: str) -> dict[str, Any]:
    """Write a set as a zip of PNG files, a folder for each class: brought again, it is the same set.

    Args:
        report: progress.
        images: the set's file.
        out: where the zip goes.
    """
    partial = Path(f"{out}.part")
    info = describe_set(Path(images)).info
    folders = _folders(info.label_names)
    total = info.size + info.test_size
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for number, (picture, label) in enumerate(read_in_order(Path(images))):
                if number % 100 == 0:
                    report(number / total, f"{number:,} of {total:,} images")
                file = io.BytesIO()
                sheets.to_image(picture).save(file, "PNG")
                archive.writestr(f"{folders[label]}{number + 1:06d}.png", file.getvalue())
        partial.replace(out)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return {"path": out}


def _sheet(path: str) -> bytes:
    shown = load_image_set(path, limit=400)
    labels = None if shown.labels is None else shown.labels.numpy()
    order = sheets.by_class(labels, len(shown), 4, 12)
    return sheets.png(sheets.grid(shown.images.numpy()[order], 12))


def _table(refused: tuple[tuple[str, str], ...]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["file", "reason"])
    rows.writerows((_no_formula(name), why) for name, why in refused)
    return text.getvalue().encode("utf-8-sig")


def _no_formula(name: str) -> str:
    """Let a spreadsheet show a name that would be a formula there."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def _folders(names: tuple[str, ...]) -> list[str]:
    """Return the folder of each class, with a slash behind it: different classes, different folders."""
    folders: list[str] = []
    for number, name in enumerate(names):
        folder = _UNFIT.sub("_", name).strip(". ") or "class"
        taken = {each.lower() for each in folders}
        if f"{folder}/".lower() in taken or folder.lower().startswith(("__macosx", ".")):
            folder = f"{folder} {number + 1}"
        folders.append(f"{folder}/")
    return folders or [""]
