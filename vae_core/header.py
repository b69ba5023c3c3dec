"""What a bundle's file says about itself, read and checked without torch.

The server's process lists, shows and sends bundles; all that it needs stands in the file's header. The
texts in the header's metadata:

    format          "latent-explorer"
    format_version  "1"
    model_config    JSON: the fields of `ModelConfig`
    train_config    JSON: the fields of `TrainConfig`
    image_set       JSON: name, title, size (number of training images), label_names, factor_names,
                    licence (with its notice), source
    metrics         JSON: name -> number, text or null
    history         JSON: a list of tables, one per measurement during training
    card            JSON: title, versions, has_encoder, has_likelihood, latent_kind, n_classes, factor_names

and the arrays (P probe images of C, H, W; D latent dimensions; F factors):

    encoder.* decoder.*  F16 or F32  weights and running statistics by their names in `vae_core.model` (a
                                     counter is I64)
    probe.images         U8   (P, C, H, W)
    probe.mean           F32  (P, D)
    probe.logvar         F32  (P, D)     where the code is a Gaussian
    probe.labels         I64  (P,)       where the set has classes
    probe.factors        F32  (P, F)     where the set has known factors
    pca.mean             F32  (D,)       with two or more dimensions; a latent z lies at
    pca.components       F32  (2, D)     (z - mean) @ components.T
    umap.positions       F32  (P, 2)     where UMAP was fitted

A header may come from anyone. Whatever it says is compared with the file's real length, with the configs'
ranges and with each other before anything is allocated; texts are kept as text.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Final

from vae_core.config import ModelConfig, TrainConfig, check_together
from vae_core.sizes import count_weights
from vae_core.tensorfile import LENGTH_BYTES, header_length, parse_header, parse_json

FORMAT: Final = "latent-explorer"
FORMAT_VERSION: Final = 1
MAX_BYTES: Final = 100_000_000
"""20 M weights in float32, the probe, the header, and some room."""

MAX_PROBE_IMAGES: Final = 2_000
MAX_PROBE_BYTES: Final = 2 * 2**20
MAX_HISTORY: Final = 5_000
MAX_TITLE: Final = 200
MAX_TEXT: Final = 20_000
MAX_NAMES: Final = 1_000

_JSON_TEXTS: Final = ("model_config", "train_config", "image_set", "metrics", "history", "card")
_ADVICE: Final = "Choose a file that Latent Explorer saved, or fetch it anew if it was cut on its way."


@dataclass(frozen=True)
class BundleHeader:
    """Hold what a bundle's header says.

    Attributes:
        format_version: version of the layout.
        model_config: what the model is.
        train_config: how it was trained.
        image_set: name, title, size, label_names, factor_names, licence and source of the training images.
        metrics: what was measured on held-out images, by name.
        history: measurements during training, in order.
        card: title, versions, and what the model has.
        tensors: dtype and shape of each array, by name.
    """

    format_version: int
    model_config: ModelConfig
    train_config: TrainConfig
    image_set: dict[str, Any]
    metrics: dict[str, Any]
    history: tuple[dict[str, Any], ...]
    card: dict[str, Any]
    tensors: dict[str, tuple[str, tuple[int, ...]]]


def read_header(path: str | Path) -> BundleHeader:
    """Read a bundle's header; reads no weights and imports no torch.

    Raises:
        ValueError: the file is no bundle; what was wrong and what to do.
        OSError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    with refusing(path.name), open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        length = header_length(file.read(LENGTH_BYTES + 1), size)
        file.seek(LENGTH_BYTES)
        metadata, places = parse_header(file.read(length), size - LENGTH_BYTES - length)
        return check_header(metadata, {name: (place.dtype, place.shape) for name, place in places.items()})


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, if it is a plain file of a bundle's size.

    Raises:
        ValueError: a folder, a pipe, a device, or a file over `MAX_BYTES`.
        OSError: there is no such file, or it cannot be read.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a file")
    if found.st_size > MAX_BYTES:
        raise ValueError(f"it has {found.st_size / 1e6:,.1f} MB; the limit is {MAX_BYTES / 1e6:g} MB")
    return path.open("rb")


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Say in every ValueError of the block which file was refused, and what to do."""
    try:
        yield
    except ValueError as error:
        what = str(error)
        what = what if len(what) <= 300 else what[:299] + "…"  # what a file says may be long
        raise ValueError(f"{name} cannot be opened as a model: {what}. {_ADVICE}") from None


def check_header(
    metadata: Mapping[str, str], arrays: Mapping[str, tuple[str, tuple[int, ...]]]
) -> BundleHeader:
    """Check the texts and the arrays' types and shapes of a bundle.

    Args:
        metadata: the header's texts.
        arrays: dtype and shape of each array, by name.

    Raises:
        ValueError: the first thing found wrong.
    """
    if metadata.get("format") != FORMAT:
        raise ValueError("it does not say that it is a Latent Explorer model")
    version = metadata.get("format_version", "")
    if version != str(FORMAT_VERSION):
        newer = version.isdecimal() and len(version) < 9 and int(version) > FORMAT_VERSION
        hint = "; update Latent Explorer to open it" if newer else ""
        raise ValueError(f"its format version is {version[:20]!r}, this program reads {FORMAT_VERSION}{hint}")
    missing = [name for name in _JSON_TEXTS if name not in metadata]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    values = {name: parse_json(metadata[name], f"its {name}") for name in _JSON_TEXTS}
    try:
        model_config = ModelConfig.from_dict(_table(values["model_config"], "model_config"))
        train_config = TrainConfig.from_dict(_table(values["train_config"], "train_config"))
    except (TypeError, OverflowError) as error:
        raise ValueError(f"its settings are not settings: {error}") from None
    check_together(model_config, train_config)
    image_set = _image_set(values["image_set"])
    header = BundleHeader(
        FORMAT_VERSION,
        model_config,
        train_config,
        image_set,
        _flat_table(values["metrics"], "metrics"),
        _history(values["history"]),
        _card(values["card"], model_config, image_set),
        dict(arrays),
    )
    _check_arrays(header)
    return header


def card_facts(config: ModelConfig, factor_names: Sequence[str]) -> dict[str, Any]:
    """Return the part of the card that follows from the configs: what the model has."""
    return {
        "has_encoder": config.has_encoder,
        "has_likelihood": config.has_likelihood,
        "latent_kind": config.latent_kind,
        "n_classes": config.n_classes,
        "factor_names": list(factor_names),
    }


def is_weight(name: str) -> bool:
    """Whether an array belongs to the model itself."""
    return name.startswith(("encoder.", "decoder."))


def _check_arrays(header: BundleHeader) -> None:
    """Compare every array's type and shape with the configs; the weights' names are left to `load_bundle`."""
    config, arrays = header.model_config, header.tensors
    images = arrays.get("probe.images", ("U8", (0,)))[1]
    count, latent = images[0] if images else 0, config.latent_dim
    expected: dict[str, tuple[str, tuple[int, ...]]] = {
        "probe.images": ("U8", (count, *config.image_shape)),
        "probe.mean": ("F32", (count, latent)),
    }
    if config.latent_kind == "gaussian":
        expected["probe.logvar"] = ("F32", (count, latent))
    optional: dict[str, tuple[str, tuple[int, ...]]] = {
        "probe.labels": ("I64", (count,)),
        "probe.factors": ("F32", (count, len(header.image_set["factor_names"]))),
        "pca.mean": ("F32", (latent,)),
        "pca.components": ("F32", (2, latent)),
        "umap.positions": ("F32", (count, 2)),
    }
    if not 1 <= count <= MAX_PROBE_IMAGES or prod(images) > MAX_PROBE_BYTES:
        raise ValueError(
            f"its probe.images have the shape {images}; a probe has 1 to {MAX_PROBE_IMAGES:,} images "
            f"of {MAX_PROBE_BYTES / 2**20:g} MiB together"
        )
    for name, wanted in {**expected, **optional}.items():
        if arrays.get(name, None if name in expected else wanted) != wanted:
            found = "missing" if name not in arrays else f"{arrays[name][0]} {arrays[name][1]}"
            raise ValueError(f"its {name} should be {wanted[0]} {wanted[1]} and is {found}")
    if ("pca.mean" in arrays) != ("pca.components" in arrays):
        raise ValueError("pca.mean and pca.components belong together, and one is missing")
    foreign = [name for name in arrays if not is_weight(name) and name not in expected | optional]
    if foreign:
        raise ValueError(f"it holds an array {foreign[0][:60]!r}, which no model has")

    weights = {name: array for name, array in arrays.items() if is_weight(name)}
    bad = [
        name
        for name, (dtype, shape) in weights.items()
        if dtype not in ("F16", "F32") and (dtype, shape) != ("I64", ())
    ]
    if bad:
        raise ValueError(f"its weights {bad[0][:60]!r} are of type {weights[bad[0]][0]}, not F16 or F32")
    stored, needed = sum(prod(shape) for _, shape in weights.values()), count_weights(config)
    if stored < needed:
        raise ValueError(f"it holds {stored:,} of the {needed:,} weights that its model_config needs")


def _table(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"its {name} is not a table")
    return value


def _text(value: Any, limit: int, what: str) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"{what} is not a text of at most {limit:,} characters")
    if any((ord(char) < 32 and char not in "\n\t") or 0xD800 <= ord(char) < 0xE000 for char in value):
        raise ValueError(f"{what} has characters that are no text")
    return value


def _names(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise ValueError(f"{what} is not a list of at most {MAX_NAMES:,} names")
    return tuple(_text(name, MAX_TITLE, f"a name in {what}") for name in value)


def _image_set(value: Any) -> dict[str, Any]:
    table = _table(value, "image_set")
    size = table.get("size", 0)
    if type(size) is not int or not 0 <= size < 10**9:
        raise ValueError("the size of its image set is not a number of images")
    return {
        "name": _text(table.get("name", ""), MAX_TITLE, "the name of its image set"),
        "title": _text(table.get("title", ""), MAX_TITLE, "the title of its image set"),
        "size": size,
        "label_names": _names(table.get("label_names", []), "label_names"),
        "factor_names": _names(table.get("factor_names", []), "factor_names"),
        "licence": _text(table.get("licence", ""), MAX_TEXT, "the licence of its image set"),
        "source": _text(table.get("source", ""), MAX_TEXT, "the source of its image set"),
    }


def _card(value: Any, config: ModelConfig, image_set: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the card's own words; what the model has follows from its config, whatever the card says."""
    table = _table(value, "card")
    facts = card_facts(config, image_set["factor_names"])
    own = {name: part for name, part in table.items() if name not in {"title", "versions", *facts}}
    return {
        "title": _text(table.get("title", ""), MAX_TITLE, "its title"),
        "versions": _flat_table(table.get("versions", {}), "versions"),
        **_flat_table(own, "card"),
        **facts,
    }


def _history(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list) or len(value) > MAX_HISTORY:
        raise ValueError(f"its history is not a list of at most {MAX_HISTORY:,} entries")
    return tuple(_flat_table(entry, "history", lists=True) for entry in value)


def _flat_table(value: Any, what: str, *, lists: bool = False) -> dict[str, Any]:
    """Check a table of numbers, short texts, truths and nulls (and lists of numbers, with `lists`)."""
    table = _table(value, what)
    if len(table) > 100:
        raise ValueError(f"its {what} has {len(table):,} entries in one table; the limit is 100")
    for name, part in table.items():
        _text(name, 60, f"a name in its {what}")
        if isinstance(part, str):
            _text(part, MAX_TITLE, f"{name} in its {what}")
        elif lists and isinstance(part, list):
            if len(part) > 1_000 or not all(_is_number(number) for number in part):
                raise ValueError(f"{name} in its {what} is not a list of at most 1,000 numbers")
        elif not (part is None or isinstance(part, bool) or _is_number(part)):
            raise ValueError(f"{name} in its {what} is neither a number nor a text")
    return table


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)
