"""The architectures: each a function from a model's settings to two lists of layers.

The encoder's list reads from an image to the posterior's parameters: D means, then D log variances; where a
code is a point, D numbers alone. The decoder's reads from a code to the parameters of p(x|z): a Bernoulli's
logits, a Gaussian's mean. (`decode_images` applies a sigmoid, or clamps to [0, 1].) Whoever runs a model
elsewhere, as the browser does, needs these lists and the tensors of `VAE.state_dict()`, named as the layers
are; `decoder.log_variance`, a scalar, stands beside them with the likelihood "gaussian_learned".

To add one: a file with its function, and its entry below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from vae_core.models.architectures.article import article
from vae_core.models.architectures.conv import conv
from vae_core.models.architectures.mlp import mlp
from vae_core.models.architectures.parts import NetConfig
from vae_core.models.layers.lists import Nets

ARCHITECTURES: Final[dict[str, Callable[[NetConfig], Nets]]] = {"mlp": mlp, "conv": conv, "article": article}

LARGEST_SIDES: Final[Mapping[str, int]] = {"article": 32}
"""The largest side at which pages offer an architecture: 40 M multiply-adds at 28x28 grow with the area."""
