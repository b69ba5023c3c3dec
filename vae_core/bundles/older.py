"""Files of an older format, as one of today's: what follows from their settings is written out.

The file itself stays as it is. The browser, which knows no architecture's name, is sent what is made here.
"""

from __future__ import annotations

import json

from vae_core.bundles.header import FORMAT_VERSION, OLDER_VERSIONS, check_header
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.storage.tensorfile import LENGTH_BYTES, header_length, parse_header, with_metadata


def with_layers(data: bytes) -> bytes:
    """Return a bundle's bytes with its nets' layers in the header; one that has them comes back as it is.

    Args:
        data: the bytes of a whole file.

    Raises:
        ValueError: they are no bundle's; only what was wrong.
    """
    first = LENGTH_BYTES + header_length(data[: LENGTH_BYTES + 1], len(data))
    head = head_with_layers(data[:first], len(data))
    return data if head == data[:first] else head + data[first:]


def head_with_layers(head: bytes, file_bytes: int) -> bytes:
    """Return what comes before the arrays of a file, with its nets' layers.

    Args:
        head: the file's beginning, as far as its header goes.
        file_bytes: length of the whole file.

    Raises:
        ValueError: it is no bundle's; only what was wrong.
    """
    metadata, places = parse_header(head[LENGTH_BYTES:], file_bytes - len(head))
    if metadata.get("format_version") not in [str(version) for version in OLDER_VERSIONS]:
        return head
    header = check_header(metadata, {name: (place.dtype, place.shape) for name, place in places.items()})
    layers = json.dumps(nets_to_json(header.model_config.layers()))
    return with_metadata(head, {**metadata, "format_version": str(FORMAT_VERSION), "layers": layers})
