"""What a bundle's file says about itself, read and checked without torch.

The server's process lists, shows and sends bundles; all that it needs stands in the file's header. The
texts in the header's metadata:

    format          "latent-explorer"
    format_version  "3"
    needs           JSON: names of what a reader must know to get the model right; may be absent
    layers          JSON: "encoder" and "decoder", the lists of layers that are the model's nets
                    (`vae_core.models.layers.layer_json`); the encoder is null where there is none
    model_config    JSON: the fields of `ModelConfig`; the architecture's name is a label
    train_config    JSON: the fields of `TrainConfig`, or null where the model was trained elsewhere
    image_set       JSON: name, title, size (number of training images), label_names, factor_names,
                    licence (with its notice), source
    metrics         JSON: name -> number, text or null; information_<f> -> list of numbers
    history         JSON: a list of tables, one per measurement during training, of at most 0.5 MB
    card            JSON: title, versions, has_encoder, has_likelihood, latent_kind, n_classes, factor_names

and the arrays (P probe images of C, H, W; D latent dimensions; F factors):

    encoder.* decoder.*  F16 or F32  weights and running statistics by their layers' names (a counter is I64)
    probe.images         U8   (P, C, H, W)
    probe.mean           F32  (P, D)     of categories their probabilities: D is variables x categories
    probe.logvar         F32  (P, D)     where the code is a Gaussian
    probe.labels         I64  (P,)       where the set has classes
    probe.factors        F32  (P, F)     where the set has known factors
    pca.mean             F32  (D,)       with two or more dimensions; a latent z lies at
    pca.components       F32  (2, D)     (z - mean) @ components.T
    umap.positions       F32  (P, 2)     where UMAP was fitted

A reader ignores what it does not know, and refuses by name what it does not know under `needs`. Format 2 has
no `needs` and no `layers`: its nets are those that the architecture's name stands for. An older format is
always read from now on: no model that someone saved is lost.

A header may come from anyone. Whatever it says is compared with the file's real length, with the configs'
ranges and with each other before anything is allocated; texts are kept as text.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from vae_core.bundles.header_arrays import check_arrays
from vae_core.bundles.header_arrays import is_weight as is_weight
from vae_core.bundles.header_checks import (
    MAX_NAMES,
    MAX_TEXT,
    MAX_TITLE,
    card_facts,
    checked_card,
    checked_history,
    checked_image_set,
    checked_metrics,
    checked_needs,
    checked_table,
    checked_unknown,
)
from vae_core.config.configs import ModelConfig, TrainConfig, check_together, read_saved
from vae_core.storage.tensorfile import LENGTH_BYTES, header_length, parse_header, parse_json

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "MAX_BYTES",
    "MAX_NAMES",
    "MAX_TEXT",
    "MAX_TITLE",
    "BundleHeader",
    "card_facts",
    "check_header",
    "is_weight",
    "open_regular",
    "read_header",
    "refusing",
]

FORMAT: Final = "latent-explorer"
FORMAT_VERSION: Final = 3
OLDER_VERSIONS: Final = (2,)
"""Those that are read too."""

MAX_BYTES: Final = 100_000_000
"""20 M weights in float32, the probe, the header, and some room."""

_FIXED: Final = ("format", "format_version", "needs", "layers")
_JSON_TEXTS: Final = ("model_config", "train_config", "image_set", "metrics", "history", "card")
_ADVICE: Final = "Choose a file that Latent Explorer saved, or fetch it anew if it was cut on its way."


@dataclass(frozen=True)
class BundleHeader:
    """Hold what a bundle's header says.

    Attributes:
        format_version: version of the layout that the file has.
        model_config: what the model is.
        train_config: how it was trained; None where that was elsewhere.
        image_set: name, title, size, label_names, factor_names, licence and source of the training images.
        metrics: what was measured on held-out images, by name.
        history: measurements during training, in order.
        card: title, versions, and what the model has.
        tensors: dtype and shape of each array, by name.
        unknown: what a later version says besides, in "model_config", "train_config" and the "header" itself,
            by name: it plays no part, and is kept.
    """

    format_version: int
    model_config: ModelConfig
    train_config: TrainConfig | None
    image_set: dict[str, Any]
    metrics: dict[str, Any]
    history: tuple[dict[str, Any], ...]
    card: dict[str, Any]
    tensors: dict[str, tuple[str, tuple[int, ...]]]
    unknown: dict[str, dict[str, Any]]


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
    version = _version(metadata.get("format_version", ""))
    has_layers = version >= FORMAT_VERSION
    needed = (*_JSON_TEXTS, "layers") if has_layers else _JSON_TEXTS
    if "needs" in metadata and has_layers:  # first: what is needed may be the reason for all that is strange
        checked_needs(parse_json(metadata["needs"], "its needs"))
    missing = [name for name in needed if name not in metadata]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    values = {name: parse_json(metadata[name], f"its {name}") for name in needed}
    settings = checked_table(values["model_config"], "model_config")
    if has_layers:
        settings = {**settings, "layers": values["layers"]}
    elif "layers" in settings:
        raise ValueError("it holds layers, which its format does not have")
    train_config: TrainConfig | None = None
    train_more: dict[str, Any] = {}
    try:
        model_config, model_more = read_saved(ModelConfig, settings)
        if values["train_config"] is not None:
            table = checked_table(values["train_config"], "train_config")
            train_config, train_more = read_saved(TrainConfig, table)
            check_together(model_config, train_config)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"its settings are not settings: {error}") from None
    header_more = {name: text for name, text in metadata.items() if name not in (*_FIXED, *_JSON_TEXTS)}
    unknown = {"model_config": model_more, "train_config": train_more, "header": header_more}
    image_set = checked_image_set(values["image_set"])
    header = BundleHeader(
        version,
        model_config,
        train_config,
        image_set,
        checked_metrics(values["metrics"]),
        checked_history(values["history"]),
        checked_card(values["card"], model_config, image_set),
        dict(arrays),
        {where: checked_unknown(table, where) for where, table in unknown.items() if table},
    )
    check_arrays(dict(arrays), model_config, factors=len(image_set["factor_names"]))
    return header


def _version(text: str) -> int:
    """Return the version of a file's format.

    Raises:
        ValueError: one that is not read here, and what to do.
    """
    readable = {str(version): version for version in (*OLDER_VERSIONS, FORMAT_VERSION)}
    if text not in readable:
        hint = ""
        if text.isdecimal() and len(text) < 9:
            is_newer = int(text) > FORMAT_VERSION
            hint = "; update Latent Explorer" if is_newer else "; train the model anew: nets were others then"
        read = " and ".join(readable)
        raise ValueError(f"its format version is {text[:20]!r}, this program reads {read}{hint}")
    return readable[text]
