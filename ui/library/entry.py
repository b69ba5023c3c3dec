"""What the library knows of a model: its file's header, and the names that a file may have."""

from __future__ import annotations

import contextlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vae_core.bundles.bundle import read_header
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine.contract.failures import describe
from vae_core.storage.tensorfile import (
    LENGTH_BYTES,
    content_digest,
    header_length,
    parse_header,
    with_metadata,
)

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
SUFFIX: Final = ".safetensors"

_ENTRIES: dict[tuple[str, int, int], ModelEntry | None] = {}
_MAX_ENTRIES: Final = 2_000


@dataclass(frozen=True)
class ModelEntry:
    """Describe a model of the library by its file's header.

    Attributes:
        name: the file's stem, the model's name in the URL.
        path: the bundle.
        shipped: whether it came with the app and is read-only.
        title: the name for people.
        card: title, versions, and what the model has, as the bundle says.
        model_config: what it is.
        train_config: how it was trained.
        image_set: name, title, label_names, factor_names, licence and source of the images.
        unknown: names of what a later version wrote into it besides.
        metrics: what was measured, by name.
        history: measurements during training.
        has_umap: whether the probe's places on a UMAP are in it.
        probe_count: number of images on its map.
        size_bytes: size of the file.
        modified: when it was written, in seconds since 1970.
        digest: names the content.
        url: where the browser gets it, below the server's base path.
    """

    name: str
    path: Path
    shipped: bool
    title: str
    card: Mapping[str, Any]
    model_config: ModelConfig
    train_config: TrainConfig
    image_set: Mapping[str, Any]
    unknown: tuple[str, ...]
    metrics: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...] = field(repr=False)
    has_umap: bool
    probe_count: int
    size_bytes: int
    modified: float
    digest: str
    url: str


@dataclass(frozen=True)
class UnreadableFile:
    """Describe a model file of the library that cannot be read, perhaps another version's.

    Attributes:
        name: the file's stem.
        path: the file.
        why: what is wrong with it and what to do.
    """

    name: str
    path: Path
    why: str

    @property
    def title(self) -> str:
        """The name for people."""
        return self.path.name


def bundles_in(folder: Path | None) -> list[Path]:
    """Return a folder's bundles, by name."""
    if folder is None:
        return []
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in paths if path.suffix == SUFFIX and NAME.fullmatch(path.stem)]


def read_entry(path: Path, *, shipped: bool) -> ModelEntry | None:
    """Read an entry, or take it from the cache; None when there is no such file or it is no bundle."""
    try:
        found = path.stat()
    except OSError:
        return None
    key = (str(path), found.st_mtime_ns, found.st_size)
    if key in _ENTRIES:
        return _ENTRIES[key]
    entry: ModelEntry | None = None
    with contextlib.suppress(OSError, ValueError):
        header = read_header(path)
        digest = content_digest(path.read_bytes())
        entry = ModelEntry(
            name=path.stem,
            path=path,
            shipped=shipped,
            title=header.card["title"] or path.stem,
            card=header.card,
            model_config=header.model_config,
            train_config=header.train_config,
            image_set=header.image_set,
            unknown=tuple(name for table in header.unknown.values() for name in table),
            metrics=header.metrics,
            history=header.history,
            has_umap="umap.positions" in header.tensors,
            probe_count=header.tensors["probe.images"][1][0],
            size_bytes=found.st_size,
            modified=found.st_mtime,
            digest=digest,
            url=f"/latent/models/{path.stem}/{digest}{SUFFIX}",
        )
    if len(_ENTRIES) >= _MAX_ENTRIES:
        _ENTRIES.clear()
    _ENTRIES[key] = entry
    return entry


def read_reason(path: Path) -> UnreadableFile | None:
    """Say why a file has no entry; None where it has one, or is no longer there."""
    if read_entry(path, shipped=False) is None:
        try:
            read_header(path)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            return UnreadableFile(path.stem, path, describe(error))
    return None


def slug(title: str) -> str:
    """Turn a title into a name that fits a URL: `[a-z0-9][a-z0-9-]{0,47}`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].rstrip("-") or "model"


def with_title(data: bytes, title: str) -> bytes:
    """Return a bundle's bytes with another title on its card."""
    length = header_length(data[: LENGTH_BYTES + 1], len(data))
    first = LENGTH_BYTES + length
    metadata, _ = parse_header(data[LENGTH_BYTES:first], len(data) - first)
    metadata["card"] = json.dumps({**json.loads(metadata["card"]), "title": title}, ensure_ascii=False)
    return with_metadata(data, metadata)
