"""What two lists of layers must be to be the nets of a model, wherever they come from."""

from __future__ import annotations

import math

from vae_core.models.architectures.parts import NetConfig
from vae_core.models.layers.layer import named
from vae_core.models.layers.lists import (
    MAX_WEIGHTS,
    Nets,
    Placed,
    check_limits,
    classes_of,
    placed,
    weights_of,
)

PlacedNets = tuple[tuple[Placed, ...], tuple[Placed, ...]]
"""An encoder's layers where they stand, or none where a model has no encoder, and a decoder's."""


def placed_nets(nets: Nets, config: NetConfig) -> PlacedNets:
    """Walk both lists.

    Args:
        nets: the encoder's list, empty where a model has none, and the decoder's.
        config: whose images the encoder gets, and whose codes the decoder.

    Raises:
        ValueError: a list does not chain; which layer, and what would do.
    """
    encoder, decoder = nets
    return placed(encoder, config.image_shape, "encoder"), placed(decoder, (config.code_size,), "decoder")


def check_nets(nets: PlacedNets, config: NetConfig) -> None:
    """Refuse lists that are not a model's encoder and decoder, or are too large.

    Raises:
        ValueError: what is wrong, with which layer, and what would do.
    """
    encoder, decoder = nets
    dims = config.latent_dim
    if encoder:
        wanted = (2 if config.latent_kind == "gaussian" else 1) * config.code_size
        if encoder[-1].output != (wanted,):
            means = {
                "gaussian": f"{dims} means, then {dims} log variances",
                "categorical": "a score for each category of each",
            }.get(config.latent_kind, "one for each dimension")
            raise ValueError(
                f"{encoder[-1].place}: it ends the encoder with {named(encoder[-1].output)}; "
                f"a code of {dims} dimensions wants {wanted} numbers, {means}"
            )
    if not decoder:
        raise ValueError("a model wants a decoder: a list of at least one layer")
    if decoder[-1].output != config.image_shape:
        raise ValueError(
            f"{decoder[-1].place}: it ends the decoder with {named(decoder[-1].output)}; "
            f"the images are {'x'.join(map(str, config.image_shape))}"
        )
    for net, part in ((encoder, "encoder"), (decoder, "decoder")):
        if classes_of(net) - {config.n_classes}:
            told = ", ".join(map(str, sorted(classes_of(net))))
            raise ValueError(f"the {part} is told {told} classes; the model has {config.n_classes}")
        check_limits(net)
    weights = sum(math.prod(shape) for net in nets for shape in weights_of(net).values())
    if weights > MAX_WEIGHTS:
        raise ValueError(
            f"encoder and decoder together have {weights / 1e6:,.1f} M weights; "
            f"the limit is {MAX_WEIGHTS / 1e6:g} M: take fewer channels or numbers"
        )
