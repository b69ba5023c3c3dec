"""Files of weights that are no bundles: they do not say which net they belong to, and what to do instead."""

from __future__ import annotations

from typing import Final

from vae_core.bundles.header import FORMAT
from vae_core.storage.tensorfile import LENGTH_BYTES, header_length, parse_json

FOREIGN: Final = ("pt", "pth", "ckpt", "bin", "onnx", "h5", "keras", "npz", "pkl", "gguf")
"""How the names of others' files of weights end; none of them is ever opened."""

BRING_NETS: Final = (
    'make such a file with bundle_from_modules, as the README shows under "Nets trained elsewhere" in '
    "ten lines"
)


def refuse_foreign(name: str, data: bytes) -> None:
    """Refuse weights that another program wrote, and say how they become a model here.

    Args:
        name: the file's name.
        data: the file.

    Raises:
        ValueError: it is such a file.
    """
    ending = name.rpartition(".")[2].lower()
    if ending in FOREIGN or (ending == "safetensors" and _is_other(data)):
        raise ValueError(
            f"{name} holds weights of another program, and not which net they belong to: {BRING_NETS}."
        )


def _is_other(data: bytes) -> bool:
    """Whether this is a safetensors file, as far as its header says, and no bundle."""
    try:
        first = LENGTH_BYTES + header_length(data[: LENGTH_BYTES + 1], len(data))
        header = parse_json(data[LENGTH_BYTES:first], "its header")
    except ValueError:
        return False
    if not isinstance(header, dict):
        return False
    texts = header.get("__metadata__")
    is_ours = isinstance(texts, dict) and texts.get("format") == FORMAT
    return not is_ours and any(isinstance(each, dict) and "data_offsets" in each for each in header.values())
