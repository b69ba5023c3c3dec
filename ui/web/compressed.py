"""Files as the browser gets them: read once, compressed once, kept in a cache of bounded size."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vae_core.storage.tensorfile import content_digest

CACHE_BYTES: Final = 20_000_000
WORTH_IT: Final = 0.97
"""Files that gzip shrinks by less than this stay as they are."""


@dataclass(frozen=True)
class Packed:
    """Hold a file's bytes, compressed where that is worth it.

    Attributes:
        body: the bytes to send.
        encoding: "gzip", or "" for the file as it is.
        digest: names the content.
    """

    body: bytes
    encoding: str
    digest: str

    def plain(self) -> bytes:
        """Return the file's own bytes, for a client that takes no gzip."""
        return gzip.decompress(self.body) if self.encoding else self.body


class PackedFiles:
    """Keep the compressed bytes of the files that were asked for last."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._files: OrderedDict[tuple[str, int, int], Packed] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> Packed:
        """Return a file's bytes; takes up to half a second for a large one not met before.

        Raises:
            OSError: the file is gone, or cannot be read.
        """
        found = path.stat()
        key = (str(path), found.st_mtime_ns, found.st_size)
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return self._files[key]
        packed = pack_file(path.read_bytes())
        with self._lock:
            if key not in self._files and len(packed.body) <= self._limit // 2:
                self._files[key] = packed
                self._held += len(packed.body)
            while self._held > self._limit:
                _, oldest = self._files.popitem(last=False)
                self._held -= len(oldest.body)
        return packed


def pack_file(data: bytes) -> Packed:
    """Compress a file's bytes, if that is worth it."""
    digest = content_digest(data)
    smaller = gzip.compress(data, compresslevel=6, mtime=0)
    if len(smaller) < WORTH_IT * len(data):
        return Packed(smaller, "gzip", digest)
    return Packed(data, "", digest)
