"""The images that each step learns from: bytes in memory, picked by a permutation drawn anew at each pass.

Two streams of random numbers are drawn from, that of the order and that of binarised pixels. With their
states a run goes on exactly, in the middle of a pass too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vae_core.training.generators import stream

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig, TrainConfig
    from vae_core.images.loading import ImageSet


@dataclass(frozen=True, eq=False)
class BatchPlace:
    """Hold where the random numbers of batches stand.

    Attributes:
        order: state of the order's generator.
        pixels: state of the generator of binarised pixels.
        order_state: that of the order's at the beginning of the pass under way.
        permutation: the images of that pass, in order.
    """

    order: Tensor
    pixels: Tensor
    order_state: Tensor
    permutation: Tensor


class Batches:
    """Pick the images of each step.

    Args:
        learned: the images to learn from.
        model_config: says whether the model is told labels.
        train_config: batch size, binarisation and seed; the rest plays no part.
        device: where the images are kept and picked.

    Attributes:
        images: all of them, uint8, (N, C, H, W).
        steps_per_epoch: batches in a pass; a last batch of one image joins the one before.
        order: the generator of the order.
        pixels: the generator of binarised pixels.
    """

    def __init__(
        self, learned: ImageSet, model_config: ModelConfig, train_config: TrainConfig, device: torch.device
    ) -> None:
        self.images = learned.images.to(device)
        self.steps_per_epoch = steps_per_epoch(len(self.images), train_config.batch_size)
        self._labels = _labels_of(learned, model_config, device)
        self._classes = learned.labels
        self._batch_size = train_config.batch_size
        self._drawn = train_config.binarize == "dynamic"
        self._seed = train_config.seed
        self._device = device
        self.order: torch.Generator
        self.pixels: torch.Generator
        self.begin_anew(0)

    def take(self, step: int) -> tuple[Tensor, Tensor | None]:
        """Pick the images (B, C, H, W), in [0, 1], and labels that a step learns from, in order of steps."""
        position, batch_size = step % self.steps_per_epoch, self._batch_size
        if position == 0:
            self._shuffle()
        last = position == self.steps_per_epoch - 1
        index = self._permutation[position * batch_size : None if last else (position + 1) * batch_size]
        x = unit(self.images.index_select(0, index))  # (B, C, H, W)
        if self._drawn:
            x = torch.bernoulli(x, generator=self.pixels)
        return x, None if self._labels is None else self._labels[index]

    def classes(self, step: int, count: int) -> Tensor | None:
        """Return the classes of the first images that a step of the pass under way took, int64, (count,)."""
        if self._classes is None:
            return None
        first = step % self.steps_per_epoch * self._batch_size
        return self._classes[self._permutation[first:][:count].cpu()]

    def begin_anew(self, step: int) -> None:
        """Begin with this step, all randomness anew from the seed."""
        self.order = stream(self._seed, "order", torch.device("cpu"))
        self.pixels = stream(self._seed, "pixels", self._device)
        self._order_state = self.order.get_state()
        self._permutation = torch.empty(0, dtype=torch.int64)
        if step % self.steps_per_epoch:
            self._shuffle()

    def place(self) -> BatchPlace:
        """Return where its random numbers stand; `return_to` goes back there."""
        return BatchPlace(
            self.order.get_state(), self.pixels.get_state(), self._order_state, self._permutation
        )

    def return_to(self, place: BatchPlace) -> None:
        """Let random numbers stand where they stood: what was taken since is taken anew."""
        self.order.set_state(place.order)
        self.pixels.set_state(place.pixels)
        self._order_state, self._permutation = place.order_state, place.permutation

    def order_state(self, step: int) -> Tensor:
        """Return the state of the order's generator from which the pass goes on at this step."""
        return self._order_state if step % self.steps_per_epoch else self.order.get_state()

    def go_on(self, step: int, order_state: Tensor) -> None:
        """Go on at a step, with what `order_state` returned there."""
        self.order.set_state(order_state)
        if step % self.steps_per_epoch:
            self._shuffle()

    def _shuffle(self) -> None:
        self._order_state = self.order.get_state()
        self._permutation = torch.randperm(len(self.images), generator=self.order).to(self._device)


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return the batches in a pass; a last batch of one image joins the one before."""
    return max(1, -(-images // batch_size) - (images % batch_size == 1))


def unit(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1]."""
    return images.to(torch.float32).div_(255)


def check_images(image_set: ImageSet, config: ModelConfig) -> None:
    """Refuse images that do not fit a model.

    Raises:
        ValueError: another shape than the model's, or not the labels that it is told.
    """
    shape = tuple(image_set.images.shape[1:])
    if shape != config.image_shape:
        raise ValueError(
            f"{image_set.name!r} has images of shape {shape}; the model wants {config.image_shape}"
        )
    if config.n_classes:
        labels = image_set.labels
        if labels is None or int(labels.min()) < 0 or int(labels.max()) >= config.n_classes:
            raise ValueError(
                f"{image_set.name!r} lacks the labels that the model wants, 0 to {config.n_classes - 1}"
            )


def _labels_of(learned: ImageSet, config: ModelConfig, device: torch.device) -> Tensor | None:
    return None if config.n_classes == 0 or learned.labels is None else learned.labels.to(device)
