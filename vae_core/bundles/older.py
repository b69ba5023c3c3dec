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
    length = header_length(data[: LENGTH_BYTES + 1], len(data))
    first = LENGTH_BYTES + length
    metadata, places = parse_header(data[LENGTH_BYTES:first], len(data) - first)
    if metadata.get("format_version") not in [str(version) for version in OLDER_VERSIONS]:
        return data
    header = check_header(metadata, {name: (place.dtype, place.shape) for name, place in places.items()})
    layers = json.dumps(nets_to_json(header.model_config.layers()))
    return with_metadata(data, {**metadata, "format_version": str(FORMAT_VERSION), "layers": layers})
