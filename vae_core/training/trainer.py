"""Train a model in slices: a plain object that advances, can be changed while it runs, and resumes exactly.

It knows no thread, process or page. What it learns depends on the seed (and the machine and its number of
threads) alone, however `advance` is sliced and whatever is measured in between: training draws from its own
generators, measuring from others, and the history is written at each epoch's end.

Its parts: `batches` picks the images of a step, `learner` moves the weights as the model's family says
(`vae_core.models.families`), `running_means` sums the terms, `monitor` looks at the model from outside,
`saved_state` makes and takes over states.

Speed comes from plain things: the images lie in memory as bytes and are picked by a permutation, the
likelihood is taken from logits, Adam is fused, long runs take their large products in bfloat16 where the
processor has it, and no number leaves the device before it is asked for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from vae_core.config.configs import ModelConfig, TrainConfig, check_together
from vae_core.config.effort import images_a_part
from vae_core.config.settings import LIVE
from vae_core.images.probe import Probe, choose_probe, hold_out
from vae_core.models.family import OnePass, StepContext
from vae_core.models.vae import VAE
from vae_core.training.batches import Batches, BatchPlace, check_images
from vae_core.training.divided_step import can_divide, divided_step
from vae_core.training.learner import Learner
from vae_core.training.monitor import Monitor
from vae_core.training.pauses import finished
from vae_core.training.running_means import RunningMeans, TermLayout, checked
from vae_core.training.saved_state import Resuming, Standing, State
from vae_core.training.snapshot import Snapshot
from vae_core.training.step_detail import SHOWN, Dissection, StepDetail

if TYPE_CHECKING:
    from vae_core.bundles.bundle import Bundle
    from vae_core.images.loading import ImageSet
    from vae_core.models.objective import Terms
    from vae_core.models.passing import Pass


T = TypeVar("T")


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
        if len(image_set.images) < 2:
            raise ValueError(
                "training needs at least two images: one alone has nothing to be told apart from; "
                f"got {len(image_set.images)}"
            )
        for given in (image_set, test_set):
            if given is not None:
                check_images(given, model_config)

        seed = train_config.seed
        learned, held_out = (image_set, test_set) if test_set is not None else hold_out(image_set, seed=seed)
        self.image_set = image_set
        self.model_config = model_config
        self.probe: Probe = choose_probe(learned, held_out, seed=seed)
        self.history: list[dict[str, Any]] = []
        self._train_config = train_config
        self._device = torch.device(_best_device() if device == "auto" else device)

        self._batches = Batches(learned, model_config, train_config, self._device)
        self.steps_per_epoch = self._batches.steps_per_epoch
        self._learner = Learner(
            model_config, train_config, images=len(self._batches.images), device=self._device
        )
        self.model: VAE = self._learner.model
        layout = TermLayout(model_config)
        self._means = RunningMeans(layout, self._device)
        self._monitor = Monitor(
            self.model,
            self.probe,
            held_out,
            train_config,
            layout,
            self._device,
            learned=len(self._batches.images),
        )
        self._resuming = Resuming(
            image_set.name,
            model_config,
            batches=self._batches,
            learner=self._learner,
            means=self._means,
            monitor=self._monitor,
        )

        self._part = images_a_part(model_config, train_config) if can_divide(self.model.objective) else None
        self._step = 0
        self._seconds = 0.0
        self._paused = 0.0
        self._before: tuple[BatchPlace, Tensor] | None = None  # the step that is being taken
        self._epoch_end: Generator[None, None, None] | None = None
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
        return self._monitor.test_images

    @property
    def test_labels(self) -> Tensor | None:
        """The labels of `test_images`, int64, (N,), or None."""
        return self._monitor.test_labels

    def set(self, **changes: Any) -> None:
        """Change settings, in effect at the next step.

        Args:
            changes: new values by name, of settings that are live (`vae_core.config.settings.LIVE`).

        Raises:
            ValueError: a setting that cannot change now, or a value out of range; nothing has been changed.
        """
        if fixed := sorted(set(changes) - set(LIVE)):
            raise ValueError(f"{', '.join(fixed)} cannot change while a run trains; {', '.join(LIVE)} can")
        self._apply(self._train_config.replace(**changes))

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
            ValueError: a negative number, or a part of a step.
        """
        return finished(self.advancing(steps=steps, seconds=seconds, weights=weights, measure=measure))

    def advancing(
        self,
        *,
        steps: int | None = None,
        seconds: float | None = None,
        weights: bool = False,
        measure: bool = True,
    ) -> Generator[None, None, Snapshot]:
        """Do what `advance` does, with a pause after each part of a step, or of measuring, that takes long.

        In a pause `state_dict` gives the state before the step, or behind it; closed there, the step has not
        been taken, and is taken anew as it would have been.
        """
        if (steps is not None and not steps >= 0) or (seconds is not None and not seconds >= 0):
            raise ValueError(f"steps and seconds must be 0 or more; got {steps} and {seconds}")
        if steps is not None and steps % 1 != 0:
            raise ValueError(f"steps must be a whole number; got {steps}")
        if steps is None:
            steps = self.steps_per_epoch if seconds is None else self.total_steps
        goal = min(self.total_steps, self._step + steps)
        if self.done and self._last is not None and self._last.holds(weights=weights, measure=measure):
            return self._last

        deadline = math.inf if seconds is None else time.perf_counter() + seconds
        while self._step < goal:
            began, paused = time.perf_counter(), self._paused
            yield from self._train_until(goal, deadline)
            self._seconds += time.perf_counter() - began - (self._paused - paused)
            if self._step % self.steps_per_epoch == 0:
                self._epoch_end = self._end_epoch()
                yield from self._to_its_end(self._epoch_end)
            if time.perf_counter() >= deadline:
                break
        self._last = yield from self._look(weights=weights, measure=measure)
        return self._last

    def explain_step(self, *, images: int = SHOWN) -> StepDetail:
        """Take one step as `advance(steps=1)` does, all in float32, and return what happened in it.

        Args:
            images: how many of the batch's images the answer holds, at most.

        Raises:
            ValueError: the run is at its end, or a step of this family cannot be taken apart.
        """
        return finished(self.explaining_step(images=images))

    def explaining_step(self, *, images: int = SHOWN) -> Generator[None, None, StepDetail]:
        """Do what `explain_step` does, with pauses as `advancing` has them."""
        if not self.model_config.traits.explained:
            raise ValueError(
                "a step of this family is more than one pass and a loss of each image's own: "
                "it cannot be taken apart"
            )
        if self.done:
            raise ValueError(f"this run is at its end, step {self._step}: there is no step left to explain")
        self._refuse_within_a_step()
        began, paused, taken = time.perf_counter(), self._paused, self._step
        looked: list[Dissection] = []
        if self._part is None:
            x, y = self._batches.take(self._step)
            at = self._context()
            looked.append(
                Dissection.passing(self.model, x, generator=self._learner.noise, y=y, learning=at.learning)
            )
            objective = self.model.objective
            assert isinstance(objective, OnePass), "what can be taken apart goes once through its nets"
            self._learner.descend(objective.loss(looked[0].terms, at))
            self._means.add(looked[0].terms, len(x))
            self._step += 1
        else:
            look = partial(Dissection, self.model)
            yield from self._divided_step(self._part, look=lambda *seen: looked.append(look(*seen)))
        detail = looked[0].detail(images)
        detail = replace(detail, labels=self._batches.classes(taken, len(detail.x)))
        self._seconds += time.perf_counter() - began - (self._paused - paused)
        if self._position == 0:
            self._epoch_end = self._end_epoch()
            yield from self._to_its_end(self._epoch_end)
        return detail

    def encode_probe(self, start: int, count: int) -> tuple[Tensor, Tensor | None]:
        """Encode a part of the probe with the newest weights.

        Args:
            start: the first image.
            count: how many, at most.

        Returns:
            Posterior means (count, D), and log variances (count, D) or None; on the CPU.
        """
        posterior = self._monitor.encode_probe(start, count)
        return posterior.mean, posterior.logvar

    def weights(self) -> dict[str, Tensor]:
        """Return the weights and running statistics of all nets that learn, themselves, by name."""
        return self._learner.weights()

    def picture_latents(self, z: Tensor) -> Tensor:
        """Decode latents, (N, D), with the newest weights: pictures in [0, 1], (N, C, H, W), on the CPU."""
        return self._monitor.decode_latents(z)

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
        return self._monitor.glanced(finished(self._look(weights=False, measure=False)), start, count)

    def bundle(self) -> Bundle:
        """Return what has been learned so far as a bundle; training can go on afterwards."""
        from vae_core.bundles.making import make_bundle

        return make_bundle(self)

    # Resuming

    def state_dict(self) -> dict[str, Tensor | float | str]:
        """Return a copy of all that is needed to go on exactly: tensors, numbers and JSON texts by name."""
        self._end_epoch_now()
        if self._before is None:
            return self._resuming.state(self._standing())
        now = self._randomness()
        self._return_to(self._before)
        state = self._resuming.state(self._standing())
        self._return_to(now)
        return state

    def load_state_dict(self, state: State) -> None:
        """Go on from where `state_dict` was taken, exactly.

        Args:
            state: from a trainer of the same images and configs; what `set` changes may differ.

        Raises:
            ValueError: it is from another run, incomplete or damaged; nothing has been changed.
        """
        self._refuse_within_a_step()
        standing = self._resuming.go_on(state, self._standing(), total_steps=self.total_steps)
        self._step, self._seconds, self.history = standing.step, standing.seconds, standing.history
        self._apply(standing.train_config)
        self._last = None

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
        self._refuse_within_a_step()
        self._learner.begin_with(weights, moments)
        self._step = min(self.total_steps, round(epoch * self.steps_per_epoch))
        self._batches.begin_anew(self._step)
        self._seconds = seconds
        self._means.begin_anew(seconds)
        self._monitor.begin_anew()
        self.history = [dict(entry) for entry in history]
        self._last = None

    def _standing(self) -> Standing:
        return Standing(self._step, self._seconds, self._train_config, self.history)

    # Training

    @property
    def _position(self) -> int:
        """Batches taken of the pass under way."""
        return self._step % self.steps_per_epoch

    def _apply(self, train_config: TrainConfig) -> None:
        self._train_config = train_config
        self._learner.take_settings(train_config)

    def _context(self) -> StepContext:
        """Return what the next step depends on."""
        return StepContext(self._train_config, self._step, self.steps_per_epoch, len(self._batches.images))

    def _train_until(self, goal: int, deadline: float) -> Generator[None, None, None]:
        """Take steps until the goal, the deadline or the end of the pass."""
        lagging = self._device.type != "cpu"
        while True:
            if self._part is None:
                self._train_step()
            else:
                yield from self._divided_step(self._part)
            if lagging and deadline < math.inf:
                self._means.wait()  # else steps would be queued far beyond the deadline
            if self._step == goal or self._position == 0 or time.perf_counter() >= deadline:
                return

    def _train_step(self) -> None:
        x, y = self._batches.take(self._step)
        terms = self.model.objective.step(self._learner, x, y, self._context())
        self._means.add(terms, len(x))
        self._step += 1

    def _divided_step(
        self, images: int, look: Callable[[Pass, Terms], None] | None = None
    ) -> Generator[None, None, None]:
        """Take a step in parts of so many images; given up in a pause, it leaves all as it was."""
        self._before = self._randomness()
        try:
            x, y = self._batches.take(self._step)
            work = divided_step(self._learner, x, y, self._context(), images=images, look=look)
            terms = yield from self._pausing(work)
        except BaseException:
            self._return_to(self._before)
            raise
        finally:
            self._before = None
        self._means.add(terms, len(x))
        self._step += 1

    def _pausing(self, work: Generator[None, None, T]) -> Generator[None, None, T]:
        """Do some work, and count how long its pauses take."""
        while True:
            try:
                next(work)
            except StopIteration as end:
                made: T = end.value
                return made
            paused = time.perf_counter()
            yield
            self._paused += time.perf_counter() - paused

    def _to_its_end(self, work: Generator[None, None, None]) -> Generator[None, None, None]:
        """Do some work with pauses that is done to its end even when it is given up in one of them."""
        try:
            for _ in work:
                yield
        finally:
            self._end_epoch_now()

    def _end_epoch_now(self) -> None:
        """End an epoch without further pauses, if it is being ended."""
        if self._epoch_end is not None:
            work, self._epoch_end = self._epoch_end, None
            finished(work)

    def _randomness(self) -> tuple[BatchPlace, Tensor]:
        """Return where the random numbers of steps stand."""
        return self._batches.place(), self._learner.noise.get_state()

    def _return_to(self, place: tuple[BatchPlace, Tensor]) -> None:
        self._batches.return_to(place[0])
        self._learner.noise.set_state(place[1])

    def _refuse_within_a_step(self) -> None:
        self._end_epoch_now()
        if self._before is not None:
            raise RuntimeError("a step is being taken: finish it, or close it, before")

    def _end_epoch(self) -> Generator[None, None, None]:
        """Write the history and begin new sums; all from the pass alone, however it was sliced."""
        means = checked(self._means.pass_means(), step=self._step, train_config=self._train_config)
        self._means.end_pass()
        yield from self._monitor.measure_test(step=self._step, train_config=self._train_config)
        entry: dict[str, Any] = {
            "epoch": self._step // self.steps_per_epoch,
            "step": self._step,
            "seconds": round(self._seconds, 3),
            "beta": self._context().beta,
            **self._means.layout.entry(means),
        }
        test = self._means.layout.entry(self._monitor.test)
        names = [term.name for term in self.model_config.traits.computed]
        self.history.append({**entry, **{f"test_{name}": test[name] for name in names}})

    def _look(self, *, weights: bool, measure: bool) -> Generator[None, None, Snapshot]:
        self._means.show(self._seconds, step=self._step, train_config=self._train_config)
        snapshot = Snapshot(
            step=self._step,
            epoch=self.epoch,
            seconds=self._seconds,
            beta=self._context().beta,
            learning_rate=self._train_config.learning_rate,
            images_per_second=self._means.images_per_second or None,
            terms=self._means.layout.split(self._means.shown),
        )
        if measure:
            snapshot = yield from self._monitor.measured(snapshot, train_config=self._train_config)
        if weights:
            copies = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
            snapshot = replace(snapshot, weights=copies)
        return snapshot


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
