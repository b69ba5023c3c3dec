"""A small classifier of our own: what samples are compared by, and told apart by.

Published tables compare samples in the features of a large net that has seen a million photographs. This one
has seen the training split of one image set alone, so its numbers stand beside each other, model by model on
the same images, and beside no one else's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from vae_core.images.image_set import ImageSet

FEATURES: Final = 64
GRID: Final = 7
STEPS: Final = 800
"""With these, of the held-out digits of MNIST 97 % are told."""
BATCH: Final = 100
LEARNING_RATE: Final = 3e-3
CHUNK_PIXELS: Final = 400_000
"""Pixels that pass at once, which bounds memory."""


class Classifier(nn.Module):
    """Two convolutions of stride 2, the strongest answers on a grid of 7x7, 64 features, and the classes.

    Args:
        image_shape: of the images, (C, H, W).
        classes: how many there are.
    """

    def __init__(self, image_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.body = nn.Sequential(
            nn.Conv2d(image_shape[0], 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(GRID),
            nn.Flatten(),
            nn.Linear(32 * GRID * GRID, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the classes' logits, (B, classes), of images in [0, 1], (B, C, H, W)."""
        logits: Tensor = self.head(self.body(x))
        return logits

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Look at images, a part at a time.

        Args:
            images: in [0, 1], (N, C, H, W).

        Returns:
            The features, (N, 64), and the class that each is taken for, int64, (N,).
        """
        features = torch.cat([self.body(part) for part in torch.split(images, self._at_once)])
        return features, self.head(features).argmax(dim=1)

    @property
    def _at_once(self) -> int:
        channels, height, width = self.image_shape
        return max(1, CHUNK_PIXELS // (channels * height * width))


def learn_classifier(
    images: ImageSet, *, seed: int = 0, progress: Callable[[float], object] = lambda done: None
) -> Classifier:
    """Learn to tell the classes of labelled images: 800 steps of 100 images, the rate falling to nothing.

    Args:
        images: the training split.
        seed: of the first weights and the order.
        progress: called with 0..1 after every tenth step; what it raises ends the learning.

    Raises:
        ValueError: the images have no labels, or only one class.
    """
    if images.labels is None or len(set(images.labels.tolist())) < 2:
        raise ValueError("a classifier learns from labelled images of two classes or more")
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):  # so that the layers' constructors draw no numbers
        net = Classifier(images.image_shape, len(images.label_names))
    net.to_empty(device="cpu")
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):  # as torch draws them, but from the generator
            bound = 1 / math.sqrt(module.weight[0].numel())
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for step in range(STEPS):
        part = torch.randint(len(images), (BATCH,), generator=generator)
        loss = F.cross_entropy(net(images.images[part].float() / 255), images.labels[part])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        falling.step()
        if step % 10 == 9:
            progress((step + 1) / STEPS)
    return net.eval()
