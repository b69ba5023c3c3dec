"""The net that tells images from samples: an encoder's layers, ending in one logit instead of a code."""

from __future__ import annotations

from vae_core.models.layers.kinds import Dense, Heads
from vae_core.models.layers.lists import Layers


def discriminator(encoder: Layers) -> Layers:
    """Return an encoder's layers with one logit in place of the code.

    Args:
        encoder: its list, which ends in its heads.

    Raises:
        ValueError: it does not.
    """
    *body, last = encoder
    if not isinstance(last, Heads):
        raise ValueError("a discriminator is made of an encoder that ends in its heads")
    return *body, Dense("encoder.logit", 1, spread=last.spread)
