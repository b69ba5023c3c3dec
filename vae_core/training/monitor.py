"""What the newest weights make of held-out images, of the probe and of the prior.

Measuring draws from generators of its own, in eval mode, and leaves the model in train mode: what a run
learns does not depend on when it was looked at.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from vae_core.config.configs import codes_per_image
from vae_core.config.effort import images_measured, images_measured_at_once
from vae_core.images.probe import Probe, shuffled
from vae_core.models.distributions import Posterior, standard_normal
from vae_core.models.passing import Learning
from vae_core.models.vae import VAE
from vae_core.training.batches import unit
from vae_core.training.generators import stream
from vae_core.training.pauses import finished
from vae_core.training.running_means import TermLayout, checked

if TYPE_CHECKING:
    from vae_core.config.configs import TrainConfig
    from vae_core.images.loading import ImageSet
    from vae_core.training.snapshot import Snapshot

TEST_IMAGES: Final = 1_000
TEST_SECONDS: Final = 2.0
"""Between two epochs' ends, test values are measured anew at most so often."""

PICTURES: Final = 16
"""Reconstructions of the probe's first images, and samples from the prior, in a snapshot."""

CHUNK_PIXELS: Final = 400_000
"""Measuring goes in chunks of so many pixels (512 images of 28x28), which bounds memory."""


class Monitor:
    """Measure a model that is being trained.

    Args:
        model: the model, in train mode between calls.
        probe: the images on the map.
        held_out: images to measure on, or None.
        train_config: binarisation and seed; the rest plays no part.
        layout: which terms there are.
        device: where the model is.
        learned: how many images the model learns from.

    Attributes:
        test: mean terms of held-out images as measured last, (T,); NaN: not yet, or none are held out.
        test_time: when that was, by `time.perf_counter`.
    """

    def __init__(
        self,
        model: VAE,
        probe: Probe,
        held_out: ImageSet | None,
        train_config: TrainConfig,
        layout: TermLayout,
        device: torch.device,
        *,
        learned: int,
    ) -> None:
        self._model, self._config, self._probe, self._layout = model, model.config, probe, layout
        self._seed, self._device, self._learned = train_config.seed, device, learned
        self._held_out = None if held_out is None else _test_images(held_out, train_config)
        codes = codes_per_image(model.config, train_config)
        self._at_once = images_measured_at_once(model.config, codes)
        self._measured = images_measured(model.config, train_config, TEST_IMAGES)
        self._is_dear = self._at_once < TEST_IMAGES
        self.test = layout.unknown_means()
        self.test_time = -math.inf
        self._test_step = -1

    @property
    def test_images(self) -> Tensor | None:
        """What test values are taken from, (N, C, H, W) in [0, 1], binarised if the run is; or None."""
        return None if self._held_out is None else unit(self._held_out[0]).to(self._device)

    @property
    def test_labels(self) -> Tensor | None:
        """The labels of `test_images`, int64, (N,), or None."""
        return None if self._held_out is None else self._held_out[1]

    def measured(self, snapshot: Snapshot, *, train_config: TrainConfig) -> Generator[None, None, Snapshot]:
        """Return a snapshot with what the newest weights make of held-out images, the probe and the prior.

        There is a pause after each part of a net that takes long.

        Raises:
            DivergedError: the terms of held-out images are no numbers.
        """
        stale = self._test_step != snapshot.step and time.perf_counter() - self.test_time >= TEST_SECONDS
        if stale or bool(self.test.isnan().all()):
            yield from self.measure_test(step=snapshot.step, train_config=train_config)
        if not self._config.has_encoder:
            return self._with_samples(snapshot)
        probe = yield from self._encode(self._probe.images, self._probe.labels)
        return self._with_pictures(snapshot, probe, probe.mean[:PICTURES])

    def glanced(self, snapshot: Snapshot, start: int, count: int) -> Snapshot:
        """Return a snapshot with a part of the probe, and the test values that were measured last."""
        if not self._config.has_encoder:
            return self._with_samples(snapshot)
        return self._with_pictures(
            snapshot, self.encode_probe(start, count), self.encode_probe(0, PICTURES).mean
        )

    def encode_probe(self, start: int, count: int) -> Posterior:
        """Encode a part of the probe, (count, D), with the newest weights; the answer lies on the CPU."""
        part = slice(start, start + count)
        labels = None if self._probe.labels is None else self._probe.labels[part]
        return finished(self._encode(self._probe.images[part], labels))

    def decode_latents(self, z: Tensor) -> Tensor:
        """Decode latents, (N, D), in eval mode; where the model is told classes, as of the first."""
        return self._decode(z, torch.zeros(len(z), dtype=torch.int64))

    def measure_test(self, *, step: int, train_config: TrainConfig) -> Generator[None, None, None]:
        """Measure held-out images: one sample each, the same noise every time; with pauses.

        Where there is no encoder there is nothing to measure of them.

        Raises:
            DivergedError: their terms are no numbers.
        """
        self._test_step = step
        if self._held_out is None or not self._config.has_encoder:
            return
        images, labels = self._held_out[0][: self._measured], self._held_out[1]
        generator = stream(self._seed, "test noise", self._device)
        sums = self._layout.empty_sums(self._device)
        measured = self._model.objective.measured
        learning = Learning(train_config, self._learned)
        for part in self._chunks(len(images)):
            with self._evaluating():
                x, y = unit(images[part].to(self._device)), self._told(labels, part)
                terms = measured(self._model, x, generator=generator, n_samples=1, y=y, learning=learning)
                self._layout.add(sums, terms)
            if self._is_dear:
                yield
        means = sums.cpu().double() / len(images)
        self.test.copy_(checked(means, step=step, train_config=train_config))
        self.test_time = time.perf_counter()

    def begin_anew(self) -> None:
        """Forget what was measured: the weights are others now."""
        self.test.fill_(math.nan)
        self._test_step, self.test_time = -1, -math.inf

    def go_on(self) -> None:
        """Take what `test` holds as measured just now: it comes from a saved state, as the weights do."""
        self._test_step, self.test_time = -1, time.perf_counter()

    def _with_pictures(self, snapshot: Snapshot, probe: Posterior, first: Tensor) -> Snapshot:
        """Return a snapshot with test values, codes, and what the codes of the probe's first images give."""
        return replace(
            self._with_samples(snapshot),
            probe_mean=probe.mean,
            probe_logvar=probe.logvar,
            reconstructions=self._reconstructions(first),
        )

    def _with_samples(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot with test values and what draws of the prior, or of N(0, I), decode to."""
        has_prior = self._config.traits.has_prior
        return replace(
            snapshot,
            test_terms=self._layout.split(self.test),
            samples=self._drawn() if has_prior else None,
            decoded_noise=None if has_prior else self._drawn(),
        )

    def _reconstructions(self, mean: Tensor) -> Tensor:
        """Decode the probe's first images from their codes."""
        return self._decode(mean, None if self._probe.labels is None else self._probe.labels[:PICTURES])

    def _drawn(self) -> Tensor:
        """Decode the same draws each time, of each class in turn: of the prior, or else of N(0, I)."""
        generator = stream(self._seed, "prior", torch.device("cpu"))
        if self._config.traits.has_prior:
            z = self._model.objective.prior(self._model, PICTURES, generator)
        else:
            z = standard_normal(torch.empty(PICTURES, self._config.latent_dim), generator)
        return self._decode(z, torch.arange(PICTURES) % max(1, self._config.n_classes))

    def _encode(self, images: Tensor, labels: Tensor | None) -> Generator[None, None, Posterior]:
        """Encode uint8 images, (N, C, H, W), in eval mode; the answer lies on the CPU."""
        parts = []
        for part in self._chunks(len(images)):
            with self._evaluating():
                parts.append(
                    self._model.encode(unit(images[part].to(self._device)), self._told(labels, part))
                )
            if self._is_dear:
                yield
        return Posterior.joined(parts, "cpu")

    def _decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        with self._evaluating():
            images = self._model.decode_images(z.to(self._device), self._told(labels, slice(None)))
        return images.cpu()

    def _told(self, labels: Tensor | None, part: slice) -> Tensor | None:
        """Return the labels of a part if the model is told labels at all."""
        return None if self._config.n_classes == 0 or labels is None else labels[part].to(self._device)

    def _chunks(self, count: int) -> Iterator[slice]:
        size = min(self._at_once, max(8, CHUNK_PIXELS // math.prod(self._config.image_shape)))
        return (slice(start, min(start + size, count)) for start in range(0, count, size))

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """Put the model into eval mode for a while, and record no gradients."""
        self._model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self._model.train()


def _test_images(held_out: ImageSet, train_config: TrainConfig) -> tuple[Tensor, Tensor | None]:
    """Choose the held-out images to measure, uint8, and binarise them once if the run is binarised."""
    chosen = held_out.take(shuffled(held_out, seed=train_config.seed)[:TEST_IMAGES])
    images = chosen.images
    if train_config.binarize == "dynamic":
        generator = stream(train_config.seed, "test pixels", torch.device("cpu"))
        images = torch.bernoulli(unit(images), generator=generator).mul_(255).to(torch.uint8)
    return images, chosen.labels
