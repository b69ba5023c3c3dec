"""Train a model in slices: a plain object that advances, can be changed while it runs, and resumes exactly.

It knows no thread, process or page. What it learns depends on the seed (and the machine and its number of
threads) alone, however `advance` is sliced and whatever is measured in between: training draws from its own
generators, measuring from others, and the history is written at each epoch's end.

Speed comes from plain things: the images lie in memory as bytes and are picked by a permutation, the
likelihood is taken from logits, Adam is fused, long runs take their large products in bfloat16 where the
processor has it, and no number leaves the device before it is asked for.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from vae_core.config import ModelConfig, TrainConfig, check_together, count_weights
from vae_core.explain import SHOWN, Dissection, StepDetail
from vae_core.model import VAE, Posterior, build_model, standard_normal
from vae_core.objective import elbo_terms
from vae_core.probe import Probe, choose_probe, hold_out, shuffled

if TYPE_CHECKING:
    from vae_core.bundle import Bundle
    from vae_core.images import ImageSet
    from vae_core.objective import ElboTerms

TEST_IMAGES: Final = 1_000
TEST_SECONDS: Final = 2.0
"""Between two epochs' ends, test values are measured anew at most so often."""

PICTURES: Final = 16
"""Reconstructions of the probe's first images, and samples from the prior, in a snapshot."""

CHUNK_PIXELS: Final = 400_000
"""Measuring goes in chunks of so many pixels (512 images of 28x28), which bounds memory."""

ROUNDED_WORK: Final = 2_000_000_000
"""Weights times images from which on training multiplies in bfloat16 where the processor can (some 5,000
images of 28x28). Below, an epoch takes a moment anyway, and all is float32."""


class DivergedError(RuntimeError, FloatingPointError):
    """Say that the loss is no number any more: the weights are lost, an earlier state is not."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Hold what a run looks like at one moment. What a family has not, or was not measured, is None.

    Attributes:
        step: optimiser steps taken.
        epoch: passes over the training images; 2.5 is in the middle of the third.
        seconds: time spent in training so far.
        beta: weight of the KL in effect now, warm-up included.
        learning_rate: in effect now.
        images_per_second: training speed since the snapshot before.
        log_likelihood: mean per image since the snapshot before, in nats.
        kl_per_dim: mean KL per latent dimension since the snapshot before, in nats, (D,).
        test_log_likelihood: mean over at most 1,000 held-out images, with the same noise each time, in nats.
        test_kl_per_dim: their mean KL per latent dimension, in nats, (D,).
        probe_mean: posterior means of the probe, (P, D).
        probe_logvar: log variances of their posteriors, (P, D).
        reconstructions: of the probe's first images, in [0, 1], (R, C, H, W).
        samples: decoded from the same draws of the prior each time, in [0, 1], (S, C, H, W).
        weights: the model's `state_dict`, copied, on request.
    """

    step: int
    epoch: float
    seconds: float
    beta: float
    learning_rate: float
    images_per_second: float | None
    log_likelihood: float | None
    kl_per_dim: Tensor | None
    test_log_likelihood: float | None = None
    test_kl_per_dim: Tensor | None = None
    probe_mean: Tensor | None = None
    probe_logvar: Tensor | None = None
    reconstructions: Tensor | None = None
    samples: Tensor | None = None
    weights: dict[str, Tensor] | None = None


class Trainer:
    """Train a model on an image set.

    Args:
        image_set: the images to learn from.
        model_config: what to build.
        train_config: how to train it.
        test_set: images to measure on; None holds out a seeded tenth (nothing under 20 images).
        device: "auto" (a CUDA device if there is one, else the CPU) or what torch calls a device.

    Attributes:
        image_set: what was given.
        model_config: what was built.
        model: the model, in train mode between calls.
        probe: the images on the map.
        history: measurements at each epoch's end, as stored in a bundle.
        steps_per_epoch: batches in a pass; a last batch of one image joins the one before.

    Raises:
        ValueError: images and configs do not fit together, or there is one image only.
    """

    def __init__(
        self,
        image_set: ImageSet,
        model_config: ModelConfig,
        train_config: TrainConfig,
        *,
        test_set: ImageSet | None = None,
        device: str | torch.device = "auto",
    ) -> None:
        check_together(model_config, train_config)
        if test_set is not None and len(test_set.images) == 0:
            test_set = None
        for given in (image_set, test_set):
            _check_images(given, model_config)
        if len(image_set.images) < 2:
            raise ValueError(
                "training needs at least two images: one alone has nothing to be told apart from"
            )

        seed = train_config.seed
        learned, held_out = (image_set, test_set) if test_set is not None else hold_out(image_set, seed=seed)
        self.image_set = image_set
        self.model_config = model_config
        self.probe: Probe = choose_probe(learned, held_out, seed=seed)
        self.history: list[dict[str, Any]] = []
        self._train_config = train_config

        self._device = torch.device(_best_device() if device == "auto" else device)
        self._images = learned.images.to(self._device)
        self._labels = _labels_of(learned, model_config, self._device)
        self._classes = learned.labels
        self._measured = None if held_out is None else _test_images(held_out, train_config)
        count = len(self._images)
        self.steps_per_epoch = steps_per_epoch(count, train_config.batch_size)

        self.model: VAE = build_model(model_config, seed=seed).to(self._device)
        self._parameters = dict(self.model.named_parameters())
        self._rounded = _is_rounded(model_config, count, self._device)
        self._optimizer = torch.optim.Adam(
            self._parameters.values(), lr=train_config.learning_rate, fused=True
        )
        for (
            parameter
        ) in self._parameters.values():  # what Adam would make at its first step: now it can be loaded
            self._optimizer.state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=self._device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }

        self._order_generator = _stream(seed, "order", torch.device("cpu"))
        self._noise = _stream(seed, "noise", self._device)
        self._pixels = _stream(seed, "pixels", self._device)
        self._order_state = self._order_generator.get_state()
        self._order = torch.empty(0, dtype=torch.int64)

        self._step = 0
        self._seconds = 0.0
        terms = 1 + (model_config.latent_dim if model_config.latent_kind == "gaussian" else 0)
        self._sums = torch.zeros(terms, dtype=_accumulator(self._device), device=self._device)
        self._summed = 0  # images in these sums
        self._since = _Since(torch.zeros(terms, dtype=torch.float64), torch.zeros(terms, dtype=torch.float64))
        self._shown = torch.full((terms,), math.nan, dtype=torch.float64)  # NaN: not yet
        self._test = torch.full((terms,), math.nan, dtype=torch.float64)
        self._images_per_second = 0.0
        self._test_step = -1
        self._test_time = -math.inf
        self._last: Snapshot | None = None

    @property
    def train_config(self) -> TrainConfig:
        """The settings as they are now."""
        return self._train_config

    @property
    def step(self) -> int:
        """Optimiser steps taken."""
        return self._step

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.steps_per_epoch * self._train_config.epochs

    @property
    def epoch(self) -> float:
        """Passes over the training images made so far; 2.5 is in the middle of the third."""
        return self._step / self.steps_per_epoch

    @property
    def seconds(self) -> float:
        """Time spent in training so far; measuring is not counted."""
        return self._seconds

    @property
    def done(self) -> bool:
        """Whether all steps have been taken."""
        return self._step >= self.total_steps

    @property
    def device(self) -> torch.device:
        """Where the model and the images are."""
        return self._device

    @property
    def test_images(self) -> Tensor | None:
        """What test values are taken from, (N, C, H, W) in [0, 1], binarised if the run is; or None."""
        return None if self._measured is None else _unit(self._measured[0]).to(self._device)

    @property
    def test_labels(self) -> Tensor | None:
        """The labels of `test_images`, int64, (N,), or None."""
        return None if self._measured is None else self._measured[1]

    def set(
        self,
        *,
        beta: float | None = None,
        learning_rate: float | None = None,
        beta_warmup_epochs: int | None = None,
        free_bits: float | None = None,
    ) -> None:
        """Change settings, in effect at the next step; None leaves one as it is.

        Raises:
            ValueError: a value out of range; nothing has been changed.
        """
        given = {
            "beta": beta,
            "learning_rate": learning_rate,
            "beta_warmup_epochs": beta_warmup_epochs,
            "free_bits": free_bits,
        }
        self._apply(self._train_config.replace(**{k: v for k, v in given.items() if v is not None}))

    def advance(
        self,
        *,
        steps: int | None = None,
        seconds: float | None = None,
        weights: bool = False,
        measure: bool = True,
    ) -> Snapshot:
        """Train for a while and say how things stand.

        Args:
            steps: at most so many optimiser steps; 0 only looks.
            seconds: until so much time has gone by, but one step at least. With neither: one epoch.
            weights: whether the snapshot holds a copy of the weights.
            measure: whether the probe is encoded, pictures are decoded and held-out images are measured.

        Returns:
            The snapshot; past the end, the last one.

        Raises:
            DivergedError: the loss is no number any more.
            ValueError: a negative number.
        """
        if (steps is not None and steps < 0) or (seconds is not None and not seconds >= 0):
            raise ValueError(f"steps and seconds must be 0 or more; got {steps} and {seconds}")
        if steps is None:
            steps = self.steps_per_epoch if seconds is None else self.total_steps
        goal = min(self.total_steps, self._step + steps)
        if self._step == goal and self.done and self._last is not None and _has(self._last, weights, measure):
            return self._last

        deadline = math.inf if seconds is None else time.perf_counter() + seconds
        while self._step < goal:
            began = time.perf_counter()
            self._train_until(goal, deadline)
            self._seconds += time.perf_counter() - began
            if self._step % self.steps_per_epoch == 0:
                self._end_epoch()
            if time.perf_counter() >= deadline:
                break
        self._last = self._look(weights=weights, measure=measure)
        return self._last

    def explain_step(self, *, images: int = SHOWN) -> StepDetail:
        """Take one step as `advance(steps=1)` does, all in float32, and return what happened in it.

        Args:
            images: how many of the batch's images the answer holds, at most.

        Raises:
            ValueError: the run is at its end.
        """
        if self.done:
            raise ValueError(f"this run is at its end, step {self._step}: there is no step left to explain")
        began = time.perf_counter()
        x, y = self._next_batch()
        shown = self._order[self._position * self._train_config.batch_size :][: min(images, len(x))].cpu()
        dissection = Dissection(self.model, x, generator=self._noise, y=y)
        self._update(dissection.terms)
        detail = dissection.detail(images)
        if self._classes is not None:
            detail = replace(detail, labels=self._classes[shown])
        self._seconds += time.perf_counter() - began
        if self._position == 0:
            self._end_epoch()
        return detail

    def encode_probe(self, start: int, count: int) -> tuple[Tensor, Tensor | None]:
        """Encode a part of the probe with the newest weights.

        Args:
            start: the first image.
            count: how many, at most.

        Returns:
            Posterior means (count, D), and log variances (count, D) or None; on the CPU.
        """
        part = slice(start, start + count)
        labels = None if self.probe.labels is None else self.probe.labels[part]
        posterior = self._encode(self.probe.images[part], labels)
        return posterior.mean, posterior.logvar

    def glance(self, start: int, count: int) -> Snapshot:
        """Look at a part of what a snapshot holds: for nets that take long to measure whole.

        Args:
            start: the probe's first image to encode.
            count: how many, at most.

        Returns:
            A snapshot with the `probe_mean` and `probe_logvar` of that part, (count, D), and with the test
            values that were measured last.

        Raises:
            DivergedError: the loss is no number any more.
        """
        mean, logvar = self.encode_probe(start, count)
        test_log_likelihood, test_kl_per_dim = _split(self._test)
        return replace(
            self._look(weights=False, measure=False),
            test_log_likelihood=test_log_likelihood,
            test_kl_per_dim=test_kl_per_dim,
            probe_mean=mean,
            probe_logvar=logvar,
            reconstructions=self._reconstructions(self.encode_probe(0, PICTURES)[0]),
            samples=self._samples(),
        )

    def bundle(self) -> Bundle:
        """Return what has been learned so far as a bundle; training can go on afterwards."""
        from vae_core.bundle import make_bundle

        return make_bundle(self)

    # Resuming

    def state_dict(self) -> dict[str, Tensor | float | str]:
        """Return a copy of all that is needed to go on exactly: tensors, numbers and JSON texts by name."""
        return {
            **{name: tensor.detach().clone() for name, tensor in self._tensors().items()},
            **{name: generator.get_state() for name, generator in self._generators().items()},
            "generator.order": self._order_state if self._position else self._order_generator.get_state(),
            "step": self._step,
            "seconds": self._seconds,
            "sums.images": self._summed,
            "since.images": self._since.images,
            "since.seconds": self._since.seconds,
            "images_per_second": self._images_per_second,
            "train_config": json.dumps(self._train_config.to_dict()),
            "history": json.dumps(self.history),
            "run": self._identity(),
        }

    def load_state_dict(self, state: Mapping[str, Tensor | float | str]) -> None:
        """Go on from where `state_dict` was taken, exactly.

        Args:
            state: from a trainer of the same images and configs; what `set` changes may differ.

        Raises:
            ValueError: it is from another run, incomplete or damaged; nothing has been changed.
        """
        _check_like(state, self.state_dict())
        if not 0 <= state["step"] <= self.total_steps:  # type: ignore[operator]
            raise ValueError(f"this state is damaged: step {state['step']} of {self.total_steps}")
        train_config = TrainConfig.from_dict(_parsed(state, "train_config", dict))
        history = _parsed(state, "history", list)
        names = [*self._generators(), "generator.order"]
        try:
            for name, generator in zip(names, [*self._generators().values(), self._order_generator]):
                torch.Generator(generator.device).set_state(_tensor(state[name]))
        except RuntimeError as error:
            raise ValueError(f"this state is damaged: {error}") from None

        with torch.no_grad():
            for name, tensor in self._tensors().items():
                tensor.copy_(_tensor(state[name]))
        for name, generator in self._generators().items():
            generator.set_state(_tensor(state[name]))
        self._order_generator.set_state(_tensor(state["generator.order"]))
        self._step = int(state["step"])
        if self._position:
            self._shuffle()
        self._seconds = float(state["seconds"])
        self._summed = int(state["sums.images"])
        self._since.images, self._since.seconds = int(state["since.images"]), float(state["since.seconds"])
        self._images_per_second = float(state["images_per_second"])
        self._apply(train_config)
        self.history = history
        self._test_step, self._test_time, self._last = -1, time.perf_counter(), None

    def begin_at(
        self,
        epoch: float,
        weights: Mapping[str, Tensor],
        *,
        moments: Mapping[str, Tensor] | None = None,
        history: Iterable[Mapping[str, Any]] = (),
        seconds: float = 0.0,
    ) -> None:
        """Go on with weights that were learned elsewhere, as this run's own settings say.

        Randomness begins anew from the seed.

        Args:
            epoch: passes that these weights have behind them; the nearest step is taken.
            weights: by name, as in the model's `state_dict`; counters of batch norm may be absent.
            moments: the optimiser's, named as in `state_dict`; None begins with fresh ones.
            history: measurements at the ends of the epochs before.
            seconds: time spent in training before.

        Raises:
            ValueError: these are no weights of this model; nothing has been changed.
        """
        own = self.model.state_dict()
        wanted = {name: tensor for name, tensor in own.items() if tensor.is_floating_point()}
        for name in sorted({*wanted, *weights}):
            if name not in own or name not in weights or weights[name].shape != own[name].shape:
                raise ValueError(f"these are no weights of this model: {name} does not fit")
        with torch.no_grad():
            for name, tensor in weights.items():
                own[name].copy_(tensor)
            for name, parameter in self._parameters.items():
                for slot, tensor in self._optimizer.state[parameter].items():
                    found = None if moments is None else moments[f"optimizer.{name}.{slot}"]
                    tensor.zero_() if found is None else tensor.copy_(found)
        seed = self._train_config.seed
        self._order_generator = _stream(seed, "order", torch.device("cpu"))
        self._noise, self._pixels = (_stream(seed, what, self._device) for what in ("noise", "pixels"))
        self._step = min(self.total_steps, round(epoch * self.steps_per_epoch))
        if self._position:
            self._shuffle()
        self._seconds, self._summed, self._images_per_second = seconds, 0, 0.0
        for sums in (self._sums, self._since.base, self._since.pending):
            sums.zero_()
        self._since.images, self._since.seconds = 0, seconds
        self._shown.fill_(math.nan)
        self._test.fill_(math.nan)
        self.history = [dict(entry) for entry in history]
        self._test_step, self._test_time, self._last = -1, -math.inf, None

    def _tensors(self) -> dict[str, Tensor]:
        """Return the tensors themselves, by the names that they have in a state."""
        named = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, parameter in self._parameters.items():
            slots = self._optimizer.state[parameter]
            named |= {f"optimizer.{name}.{slot}": tensor for slot, tensor in slots.items()}
        return named | {
            "sums": self._sums,
            "since.base": self._since.base,
            "since.pending": self._since.pending,
            "shown": self._shown,
            "test": self._test,
        }

    def _generators(self) -> dict[str, torch.Generator]:
        return {"generator.noise": self._noise, "generator.pixels": self._pixels}

    def _identity(self) -> str:
        """Return what must be the same for a state to fit."""
        train = self._train_config
        return json.dumps(
            {
                "image_set": self.image_set.name,
                "images": len(self._images),
                "model": self.model_config.to_dict(),
                "epochs": train.epochs,
                "batch_size": train.batch_size,
                "binarize": train.binarize,
                "seed": train.seed,
            }
        )

    # Training

    @property
    def _position(self) -> int:
        """Batches taken of the pass under way."""
        return self._step % self.steps_per_epoch

    def _apply(self, train_config: TrainConfig) -> None:
        self._train_config = train_config
        for group in self._optimizer.param_groups:
            group["lr"] = train_config.learning_rate

    def _beta(self) -> float:
        """Return the weight of the KL at the next step."""
        warmup = self._train_config.beta_warmup_epochs * self.steps_per_epoch
        return self._train_config.beta * (min(1.0, self._step / warmup) if warmup else 1.0)

    def _shuffle(self) -> None:
        self._order_state = self._order_generator.get_state()
        self._order = torch.randperm(len(self._images), generator=self._order_generator).to(self._device)

    def _train_until(self, goal: int, deadline: float) -> None:
        """Take steps until the goal, the deadline or the end of the pass."""
        lagging = self._device.type != "cpu"
        while True:
            self._train_step()
            if lagging and deadline < math.inf:
                self._sums[0].item()  # else steps would be queued far beyond the deadline
            if self._step == goal or self._position == 0 or time.perf_counter() >= deadline:
                return

    def _train_step(self) -> None:
        x, y = self._next_batch()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._rounded):
            terms = elbo_terms(self.model, x, generator=self._noise, y=y)
        self._update(terms)

    def _next_batch(self) -> tuple[Tensor, Tensor | None]:
        """Pick the images (B, C, H, W), in [0, 1], and labels that the next step learns from."""
        position, batch_size = self._position, self._train_config.batch_size
        if position == 0:
            self._shuffle()
        last = position == self.steps_per_epoch - 1
        index = self._order[position * batch_size : None if last else (position + 1) * batch_size]
        x = _unit(self._images.index_select(0, index))  # (B, C, H, W)
        if self._train_config.binarize == "dynamic":
            x = torch.bernoulli(x, generator=self._pixels)
        return x, None if self._labels is None else self._labels[index]

    def _update(self, terms: ElboTerms) -> None:
        """Move the weights by one step of the optimiser."""
        self._optimizer.zero_grad()
        terms.loss(self._beta(), self._train_config.free_bits).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()

        _add_terms(self._sums, terms)
        self._summed += len(terms.log_likelihood)
        self._since.images += len(terms.log_likelihood)
        self._step += 1

    def _end_epoch(self) -> None:
        """Write the history and begin new sums; all from the pass alone, however it was sliced."""
        sums = self._sums.cpu().double()
        means = self._checked(sums / self._summed)
        self._summed = 0
        self._since.pending += sums - self._since.base
        self._since.base.zero_()
        self._sums.zero_()
        self._measure_test()
        entry: dict[str, Any] = {
            "epoch": self._step // self.steps_per_epoch,
            "step": self._step,
            "seconds": round(self._seconds, 3),
            "beta": self._beta(),
            **_named(means),
        }
        test = _named(self._test)
        self.history.append({**entry, "test_log_likelihood": test["log_likelihood"], "test_kl": test["kl"]})

    # Measuring

    def _look(self, *, weights: bool, measure: bool) -> Snapshot:
        since = self._since
        if since.images:
            sums = self._sums.cpu().double()
            self._shown.copy_(self._checked((since.pending + sums - since.base) / since.images))
            seconds = self._seconds - since.seconds
            self._images_per_second = since.images / seconds if seconds > 0 else 0.0
            since.base.copy_(sums)
            since.pending.zero_()
            since.images, since.seconds = 0, self._seconds
        log_likelihood, kl_per_dim = _split(self._shown)
        snapshot = Snapshot(
            step=self._step,
            epoch=self.epoch,
            seconds=self._seconds,
            beta=self._beta(),
            learning_rate=self._train_config.learning_rate,
            images_per_second=self._images_per_second or None,
            log_likelihood=log_likelihood,
            kl_per_dim=kl_per_dim,
        )
        if measure:
            snapshot = self._measure(snapshot)
        if weights:
            copies = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
            snapshot = replace(snapshot, weights=copies)
        return snapshot

    def _measure(self, snapshot: Snapshot) -> Snapshot:
        """Add what the newest weights make of held-out images, the probe and the prior."""
        stale = self._test_step != self._step and time.perf_counter() - self._test_time >= TEST_SECONDS
        if stale or bool(self._test.isnan().all()):
            self._measure_test()
        test_log_likelihood, test_kl_per_dim = _split(self._test)
        probe = self._encode(self.probe.images, self.probe.labels)
        return replace(
            snapshot,
            test_log_likelihood=test_log_likelihood,
            test_kl_per_dim=test_kl_per_dim,
            probe_mean=probe.mean,
            probe_logvar=probe.logvar,
            reconstructions=self._reconstructions(probe.mean[:PICTURES]),
            samples=self._samples(),
        )

    def _reconstructions(self, mean: Tensor) -> Tensor:
        """Decode the probe's first images from their codes."""
        return self._decode(mean, None if self.probe.labels is None else self.probe.labels[:PICTURES])

    def _measure_test(self) -> None:
        """Measure held-out images: one sample each, the same noise every time."""
        self._test_step = self._step
        if self._measured is None:
            return
        images, labels = self._measured
        generator = _stream(self._train_config.seed, "test noise", self._device)
        sums = torch.zeros_like(self._sums)
        with self._evaluating():
            for part in self._chunks(len(images)):
                x = _unit(images[part].to(self._device))
                _add_terms(sums, elbo_terms(self.model, x, generator=generator, y=self._told(labels, part)))
        self._test.copy_(self._checked(sums.cpu().double() / len(images)))
        self._test_time = time.perf_counter()

    def _encode(self, images: Tensor, labels: Tensor | None) -> Posterior:
        """Encode uint8 images, (N, C, H, W), in eval mode; the answer lies on the CPU."""
        with self._evaluating():
            parts = [
                self.model.encode(_unit(images[part].to(self._device)), self._told(labels, part))
                for part in self._chunks(len(images))
            ]
        logvars = [part.logvar.cpu() for part in parts if part.logvar is not None]
        return Posterior(
            torch.cat([part.mean.cpu() for part in parts]), torch.cat(logvars) if logvars else None
        )

    def _decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        with self._evaluating():
            images = self.model.decode_images(z.to(self._device), self._told(labels, slice(None)))
        return images.cpu()

    def _samples(self) -> Tensor | None:
        """Decode the same draws of the prior each time, of each class in turn; None without a prior."""
        if not self.model_config.has_likelihood:
            return None
        generator = _stream(self._train_config.seed, "prior", torch.device("cpu"))
        z = standard_normal(torch.empty(PICTURES, self.model_config.latent_dim), generator)
        return self._decode(z, torch.arange(PICTURES) % max(1, self.model_config.n_classes))

    def _told(self, labels: Tensor | None, part: slice) -> Tensor | None:
        """Return the labels of a part if the model is told labels at all."""
        return None if self._labels is None or labels is None else labels[part].to(self._device)

    def _chunks(self, count: int) -> Iterator[slice]:
        size = max(8, CHUNK_PIXELS // math.prod(self.model_config.image_shape))
        return (slice(start, min(start + size, count)) for start in range(0, count, size))

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """Put the model into eval mode for a while, and record no gradients."""
        self.model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.model.train()

    def _checked(self, means: Tensor) -> Tensor:
        """Return mean terms, (1 + D,), if they are numbers.

        Raises:
            DivergedError: if not.
        """
        if not bool(means.isfinite().all()):
            train = self._train_config
            raise DivergedError(
                f"the loss is no number any more, at step {self._step} with learning rate "
                f"{train.learning_rate:g} and beta {train.beta:g}: start over, or go back, with a smaller "
                "learning rate"
            )
        return means


@dataclass
class _Since:
    """Hold what means since the last snapshot need: the pass's sums then, and those of ended passes."""

    base: Tensor
    pending: Tensor
    images: int = 0
    seconds: float = 0.0


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return the batches in a pass; a last batch of one image joins the one before."""
    return max(1, -(-images // batch_size) - (images % batch_size == 1))


def _add_terms(sums: Tensor, terms: ElboTerms) -> None:
    """Add a batch's log-likelihood and KL per dimension to the sums, (1 + D,)."""
    sums[0] += terms.log_likelihood.detach().sum()
    if terms.kl_per_dim is not None:
        sums[1:] += terms.kl_per_dim.detach().sum(dim=0)


def _split(means: Tensor) -> tuple[float | None, Tensor | None]:
    """Return mean log-likelihood and KL per dimension, (D,); None for what is not there (yet)."""
    if bool(means.isnan().all()):
        return None, None
    return float(means[0]), means[1:].float() if len(means) > 1 else None


def _named(means: Tensor) -> dict[str, Any]:
    """Return mean terms as a history has them."""
    log_likelihood, kl_per_dim = _split(means)
    per_dim = None if kl_per_dim is None else kl_per_dim.tolist()
    return {
        "log_likelihood": log_likelihood,
        "kl": None if kl_per_dim is None else float(means[1:].sum()),
        "kl_per_dim": None if per_dim is None else [round(value, 5) for value in per_dim],
    }


def _has(snapshot: Snapshot, weights: bool, measure: bool) -> bool:
    """Whether a snapshot holds all that is asked for."""
    return (snapshot.weights is not None or not weights) and (snapshot.probe_mean is not None or not measure)


def _unit(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1]."""
    return images.to(torch.float32).div_(255)


def _stream(seed: int, purpose: str, device: torch.device) -> torch.Generator:
    """Return a generator of its own for each purpose, all from one seed."""
    digest = hashlib.sha256(f"{seed} {purpose}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:4], "little"))


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _is_rounded(config: ModelConfig, images: int, device: torch.device) -> bool:
    """Whether training multiplies in bfloat16: "mlp" only, whose epoch takes 1.7 times less for it.

    Its test ELBO is the same to 0.3 nats. A convolution gains little by rounding, and lost 1 to 2 nats with
    two dimensions; a Gaussian's mean would lose as much as a grey level. The layers beside the code stay
    exact (`vae_core.model.exactly`); weights, optimiser and all measurements are float32.
    """
    able = torch.cpu.get_capabilities()
    fast = bool(able.get("avx512_bf16") or able.get("amx_bf16")) and device.type == "cpu"
    bears_it = config.architecture == "mlp" and config.likelihood == "bernoulli"
    return fast and bears_it and count_weights(config) * images >= ROUNDED_WORK


def _accumulator(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64


def _check_images(image_set: ImageSet | None, config: ModelConfig) -> None:
    if image_set is None:
        return
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


def _test_images(held_out: ImageSet, train_config: TrainConfig) -> tuple[Tensor, Tensor | None]:
    """Choose the held-out images to measure, uint8, and binarise them once if the run is binarised."""
    chosen = held_out.take(shuffled(held_out, seed=train_config.seed)[:TEST_IMAGES])
    images = chosen.images
    if train_config.binarize == "dynamic":
        generator = _stream(train_config.seed, "test pixels", torch.device("cpu"))
        images = torch.bernoulli(_unit(images), generator=generator).mul_(255).to(torch.uint8)
    return images, chosen.labels


def _parsed(state: Mapping[str, Tensor | float | str], name: str, kind: type[Any]) -> Any:
    """Return a JSON text of a state as what it stands for."""
    try:
        value = json.loads(str(state[name]))
    except ValueError:
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"this state is damaged: {name} cannot be read")
    return value


def _tensor(value: Tensor | float | str) -> Tensor:
    assert isinstance(value, Tensor)
    return value


def _check_like(state: Mapping[str, Tensor | float | str], own: Mapping[str, Tensor | float | str]) -> None:
    """Refuse a state that has not the names, types, shapes and identity of one's own."""
    if odd := sorted(set(own) ^ set(state)):
        raise ValueError(f"this is no state of such a run: {', '.join(odd[:4])} missing or unknown")
    for name, value in own.items():
        other = state[name]
        if isinstance(value, Tensor):
            fits = isinstance(other, Tensor) and other.shape == value.shape and other.dtype == value.dtype
        elif isinstance(value, str):
            fits = isinstance(other, str)
        else:
            fits = isinstance(other, (int, float)) and math.isfinite(other)
        if not fits:
            raise ValueError(f"this is no state of such a run: {name} does not fit")
    if _parsed(state, "run", dict) != _parsed(own, "run", dict):
        raise ValueError(f"this state is of another run: {state['run']} instead of {own['run']}")
