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

from ui.library.disk.kept import Kept
from vae_core.bundles.bundle import read_header
from vae_core.bundles.history import scalars, thinned
from vae_core.bundles.older import with_layers
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

MAX_ENTRIES_BYTES: Final = 32_000_000
"""What all entries that are kept in memory may take, about."""

_ENTRIES: Final[Kept[tuple[str, int, int], tuple[ModelEntry | None]]] = Kept(MAX_ENTRIES_BYTES)

LIBRARY_HISTORY_BYTES: Final = 50_000
"""What the library keeps of a model's history, as JSON: a curve of some hundred points."""


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
        train_config: how it was trained; None where that was elsewhere.
        image_set: name, title, label_names, factor_names, licence and source of the images.
        unknown: names of what a later version wrote into it besides.
        metrics: what was measured, by name.
        history: measurements during training, without those of each dimension; of a long one, some.
        has_umap: whether the probe's places on a UMAP are in it.
        probe_count: number of images on its map.
        size_bytes: size of the file.
        modified: when it was written, in seconds since 1970.
        digest: names what the browser is sent.
        url: where the browser gets it, below the server's base path.
    """

    name: str
    path: Path
    shipped: bool
    title: str
    card: Mapping[str, Any]
    model_config: ModelConfig
    train_config: TrainConfig | None
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
    if (kept := _ENTRIES.get(key)) is not None:
        return kept[0]
    entry: ModelEntry | None = None
    with contextlib.suppress(OSError, ValueError):
        header = read_header(path)
        digest = content_digest(with_layers(path.read_bytes()))  # of what the browser is sent
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
            history=thinned(scalars(header.history), LIBRARY_HISTORY_BYTES),
            has_umap="umap.positions" in header.tensors,
            probe_count=header.tensors["probe.images"][1][0],
            size_bytes=found.st_size,
            modified=found.st_mtime,
            digest=digest,
            url=f"/latent/models/{path.stem}/{digest}{SUFFIX}",
        )
    _ENTRIES.add(key, (entry,), held_bytes(entry))
    return entry


def held_bytes(entry: ModelEntry | None) -> int:
    """Return about how many bytes of memory an entry takes; a number among its facts takes some eighty."""
    if entry is None:
        return 500
    facts = json.dumps([entry.card, entry.image_set, entry.metrics], default=list)
    return 5_000 + 3 * len(facts) + 80 * sum(map(len, entry.history))


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
