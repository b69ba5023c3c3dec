"""Files as the browser gets them: read once, compressed once, kept in a cache of bounded size.

Large files are not read as a whole at all: they are streamed as they are, piece by piece.
"""

from __future__ import annotations

import gzip
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vae_core.bundles.older import head_with_layers
from vae_core.storage.tensorfile import LENGTH_BYTES, content_digest, header_length

CACHE_BYTES: Final = 20_000_000
LARGE_BYTES: Final = 4_000_000
"""From this size on a model is streamed: to compress it takes seconds, and gains a tenth."""

PIECE_BYTES: Final = 256_000
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
        self._files: OrderedDict[tuple[str, int, int, bool], Packed] = OrderedDict()
        self._lock = threading.Lock()
        self._packing = threading.Lock()  # one at a time: who asks for the same file meanwhile finds it

    def get(self, path: Path, change: Callable[[bytes], bytes] | None = None) -> Packed:
        """Return a file's bytes; takes up to half a second for a large one not met before.

        Args:
            path: the file.
            change: makes what is sent of what the file holds, always in the same way.

        Raises:
            OSError: the file is gone, or cannot be read.
            ValueError: `change` cannot make anything of it.
        """
        found = path.stat()
        key = (str(path), found.st_mtime_ns, found.st_size, change is not None)
        if (known := self._find(key)) is not None:
            return known
        with self._packing:
            if (known := self._find(key)) is not None:
                return known
            data = path.read_bytes()
            packed = pack_file(change(data) if change else data)
            with self._lock:
                if len(packed.body) <= self._limit // 2:
                    self._files[key] = packed
                    self._held += len(packed.body)
                while self._held > self._limit:
                    _, oldest = self._files.popitem(last=False)
                    self._held -= len(oldest.body)
            return packed

    def _find(self, key: tuple[str, int, int, bool]) -> Packed | None:
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
            return self._files.get(key)


def pieces(
    path: Path, modified: float, size: int, *, as_it_lies: bool
) -> tuple[int, Generator[bytes, None, None]]:
    """Open a bundle, and return how many bytes are sent, and these piece by piece.

    Args:
        path: the file.
        modified: when it was written, and
        size: its bytes, as known: another file of that name is not sent in its place.
        as_it_lies: whether it is sent as it lies on disk, not as the browser needs it.

    Raises:
        OSError: the file is gone, cannot be read, or is another one.
        ValueError: it is no bundle.
    """
    file = path.open("rb")
    try:
        found = os.fstat(file.fileno())
        if (found.st_mtime, found.st_size) != (modified, size):
            raise OSError(f"{path.name} has changed")
        head = file.read(LENGTH_BYTES + 1)
        head += file.read(LENGTH_BYTES + header_length(head, size) - len(head))
        sent = head if as_it_lies else head_with_layers(head, size)
    except BaseException:
        file.close()
        raise

    def read() -> Generator[bytes, None, None]:
        with file:
            yield b""  # begun: from now on the file is closed with it
            yield sent
            while piece := file.read(PIECE_BYTES):
                yield piece

    body = read()
    next(body)
    return size + len(sent) - len(head), body


def pack_file(data: bytes) -> Packed:
    """Compress a file's bytes, if that is worth it."""
    digest = content_digest(data)
    smaller = gzip.compress(data, compresslevel=6, mtime=0)
    if len(smaller) < WORTH_IT * len(data):
        return Packed(smaller, "gzip", digest)
    return Packed(data, "", digest)
