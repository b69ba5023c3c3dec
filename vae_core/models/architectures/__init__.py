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
from dataclasses import dataclass
from typing import Final

from vae_core.models.architectures.article import article
from vae_core.models.architectures.conv import conv
from vae_core.models.architectures.mlp import mlp
from vae_core.models.architectures.parts import NetConfig
from vae_core.models.layers.lists import Nets


@dataclass(frozen=True)
class Architecture:
    """Say what an architecture is.

    Attributes:
        name: what it is called in configs and links.
        help: what it is, in Markdown, beside the field on Train.
        build: makes its two lists.
        has_width: whether `width` changes it.
        largest_side: pages offer it for images up to so many rows and columns.
    """

    name: str
    help: str
    build: Callable[[NetConfig], Nets]
    has_width: bool = True
    largest_side: int = 128


ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    architecture.name: architecture
    for architecture in (
        Architecture(
            name="mlp",
            help="one hidden layer of 400 units on either side, the textbook net.",
            build=mlp,
        ),
        Architecture(
            name="conv",
            help="small convolutions: sharper pictures from fewer weights, and quick under your hand.",
            build=conv,
        ),
        Architecture(
            name="article",
            help="the layer widths of a tutorial that is often copied: 5×5 convolutions of 32 and 64 "
            "channels, dense 128, and back through 256 and 128. As printed, its decoder ends at 14×14 and "
            "its model cannot be built; here both transposed convolutions have stride 2.",
            build=article,
            has_width=False,
            largest_side=32,  # its 40 M multiply-adds at 28x28 grow with the area
        ),
    )
}
"""By name, in the order in which they are offered."""
