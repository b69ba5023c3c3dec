"""Lists of layers as they stand in a file: JSON that may come from anyone, written and strictly read.

    [{"kind": "dense", "name": "decoder.dense1", "outputs": 128},
     {"kind": "activation", "function": "leaky_relu", "slope": 0.1},
     {"kind": "residual", "layers": [...]}, ...]

The fields of a kind are those of its class (`vae_core.models.layers.kinds`). One that has its default is left
out; a pair of equal numbers is written as one. A field that is not known is ignored: a later version may have
added one that changes nothing (what does change something stands under a file's `needs`).
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from vae_core.models.layers.kinds import KINDS
from vae_core.models.layers.layer import Layer
from vae_core.models.layers.lists import MAX_LAYERS, Layers, Nets

_PAIRS = ("kernel", "stride", "padding", "output_padding", "factor")


def layers_to_json(layers: Layers) -> list[dict[str, Any]]:
    """Return a list of layers as JSON-able values."""
    return [_to_json(layer) for layer in layers]


def layers_from_json(value: Any, part: str) -> Layers:
    """Make a list of layers from `layers_to_json`'s answer.

    Args:
        value: what stands in the file.
        part: "encoder" or "decoder", for the sentence.

    Raises:
        ValueError: what is wrong, and with which layer.
    """
    return _Reader().read(value, f"of its {part}", f"its {part}")


def nets_to_json(nets: Nets) -> dict[str, Any]:
    """Return an encoder's list, None where a model has none, and a decoder's, as JSON-able values."""
    encoder, decoder = nets
    return {"encoder": layers_to_json(encoder) if encoder else None, "decoder": layers_to_json(decoder)}


def nets_from_json(value: Any) -> Nets:
    """Make both lists from `nets_to_json`'s answer.

    Raises:
        ValueError: what is wrong, and with which layer.
    """
    if not isinstance(value, dict):
        raise ValueError('its layers are not a table with the lists "encoder" and "decoder"')
    encoder = value.get("encoder")
    return (
        () if encoder is None else layers_from_json(encoder, "encoder"),
        layers_from_json(value.get("decoder"), "decoder"),
    )


class _Reader:
    """Read a list and count its layers, those of residuals too, before it goes on to the next."""

    def __init__(self) -> None:
        self._count = 0

    def read(self, value: Any, where: str, title: str) -> Layers:
        if not isinstance(value, list) or not value:
            raise ValueError(f"{title} is not a list of at least one layer")
        return tuple(self._layer(entry, f"layer {n} {where}") for n, entry in enumerate(value, 1))

    def _layer(self, entry: Any, place: str) -> Layer:
        self._count += 1
        if self._count > MAX_LAYERS:
            raise ValueError(f"{place}: a net has at most {MAX_LAYERS} layers")
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(kind, str) or kind not in KINDS:
            raise ValueError(
                f"{place}: its kind, {str(kind)[:40]!r}, is not known; known are {', '.join(KINDS)}"
            )
        place = f"{place} ({kind.replace('_', ' ')})"
        known = fields(KINDS[kind])  # type: ignore[arg-type]  # every kind is a dataclass
        values = {each.name: _from_json(each.name, entry[each.name]) for each in known if each.name in entry}
        if kind.endswith("_pool"):
            values.setdefault("stride", values.get("kernel"))
        if "layers" in values:
            values["layers"] = self.read(values["layers"], f"in {place}", f"{place}: what it adds")
        missing = [each.name for each in known if each.default is MISSING and each.name not in values]
        if missing:
            raise ValueError(f"{place}: it lacks its {missing[0]}")
        try:
            return KINDS[kind](**values)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None


def _to_json(layer: Layer) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": layer.kind}
    for each in fields(layer):  # type: ignore[arg-type]  # every kind is a dataclass
        value = getattr(layer, each.name)
        if value == each.default:
            continue
        if each.name == "layers":
            value = layers_to_json(value)
        elif each.name in _PAIRS and value[0] == value[1]:
            value = value[0]
        elif isinstance(value, tuple):
            value = list(value)
        entry[each.name] = value
    return entry


def _from_json(field: str, value: Any) -> Any:
    """Make tuples of lists, and a pair of one number; what it is then is checked by the layer itself."""
    if field in _PAIRS and not isinstance(value, list):
        return (value, value)
    return tuple(value) if isinstance(value, list) and field != "layers" else value
