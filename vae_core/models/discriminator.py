"""The net that learns to tell images from a model's samples, beside a model that has one."""

from __future__ import annotations

from typing import Final

import torch

from vae_core.config.configs import ModelConfig
from vae_core.models.first_weights import draw_weights
from vae_core.models.nets import Net

PART: Final = "discriminator"
"""With which the names of its weights begin, where they stand beside a model's."""


def build_discriminator(config: ModelConfig, generator: torch.Generator) -> Net | None:
    """Build it with fresh weights, float32 on the CPU; None for a family that has none.

    It goes from images in [0, 1], (B, C, H, W), to logits, (B, 1): above 0 where it takes one for real.

    Args:
        config: the model's.
        generator: draws its weights, on the CPU.

    Raises:
        ValueError: the model's nets are given, so that there is no encoder's list to make it of.
    """
    layers = config.discriminator()
    if not layers:
        return None
    with torch.device("meta"):  # so that the layers' constructors draw no numbers
        net = Net(layers, config.image_shape, "encoder")
    net.to_empty(device="cpu")
    draw_weights(net, generator)
    return net
