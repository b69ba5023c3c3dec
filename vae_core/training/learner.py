"""A model, and what moves its weights at each step: the optimisers of its family.

Long runs of dense nets take their large products in bfloat16 where the processor has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

import torch
from torch import Tensor

from vae_core.config.configs import ModelConfig, TrainConfig, count_weights
from vae_core.models.discriminator import PART, build_discriminator
from vae_core.models.layers.lists import flat_layers
from vae_core.models.nets import Net
from vae_core.models.vae import VAE, build_model
from vae_core.training.descent import Descent
from vae_core.training.generators import stream

ROUNDED_WORK: Final = 2_000_000_000
"""Weights times images from which on training multiplies in bfloat16 where the processor can (some 5,000
images of 28x28). Below, an epoch takes a moment anyway, and all is float32."""


class Learner:
    """Hold a model and what moves its weights.

    Args:
        model_config: what to build.
        train_config: its seed and its first settings.
        images: how many there are to learn from.
        device: where all of it lies.

    Attributes:
        model: the model, in train mode.
        discriminator: what tells images from its samples, where the family has such a net.
        noise: the generator of all noise of the steps.
        descents: the optimisers of the model's family, by name.
        rounded: whether training multiplies in bfloat16.
    """

    def __init__(
        self, model_config: ModelConfig, train_config: TrainConfig, *, images: int, device: torch.device
    ) -> None:
        self._seed, self._device = train_config.seed, device
        self.model: VAE = build_model(model_config, seed=self._seed).to(device)
        drawn = stream(self._seed, PART, torch.device("cpu"))
        discriminator = build_discriminator(model_config, drawn)
        self.discriminator: Net | None = None if discriminator is None else discriminator.to(device)
        named = dict(self.model.named_parameters())
        if self.discriminator is not None:
            named |= self.discriminator.named_parameters(PART)
        self.descents: dict[str, Descent] = {}
        for optimizer in model_config.traits.optimizers:
            own = {name: named[name] for name in named if name.startswith(optimizer.parameters)}
            self.descents[optimizer.name] = Descent(own, device, betas=optimizer.betas, pace=optimizer.pace)
        self.rounded = _is_rounded(model_config, images, device)
        self.take_settings(train_config)
        self.noise = stream(self._seed, "noise", device)

    def rounding(self) -> AbstractContextManager[object]:
        """Let large products be rounded within, where that pays and does no harm."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self.rounded)

    def descend(self, loss: Tensor, optimizer: str = "") -> None:
        """Move the weights of an optimiser, the first by default, by one step against a loss's gradient."""
        self.descents[optimizer or next(iter(self.descents))].step(loss)

    def take_settings(self, train_config: TrainConfig) -> None:
        """Move the weights as these settings say, from the next step on."""
        for descent in self.descents.values():
            descent.set(learning_rate=train_config.learning_rate, weight_decay=train_config.weight_decay)

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and the optimisers' moments themselves, by the names they have in a state."""
        return {f"model.{name}": tensor for name, tensor in self.weights().items()} | self._moments()

    def weights(self) -> dict[str, Tensor]:
        """Return the weights and running statistics of all nets themselves, by name."""
        named = dict(self.model.state_dict())
        if self.discriminator is not None:
            named |= self.discriminator.state_dict(prefix=f"{PART}.")
        return named

    def begin_with(self, weights: Mapping[str, Tensor], moments: Mapping[str, Tensor] | None) -> None:
        """Take over weights that were learned elsewhere; the noise begins anew from the seed.

        Args:
            weights: by name, as `weights` names them; counters of batch norm may be absent.
            moments: the optimisers', named as in `tensors`; None begins with fresh ones.

        Raises:
            ValueError: these are no weights of this model, or moments are missing; nothing has been changed.
        """
        own = self.weights()
        wanted = {name: tensor for name, tensor in own.items() if tensor.is_floating_point()}
        for name in sorted({*wanted, *weights}):
            if name not in own or name not in weights or weights[name].shape != own[name].shape:
                raise ValueError(f"these are no weights of this model: {name} does not fit")
        slots = self._moments()
        missing = sorted(slots.keys() - moments.keys()) if moments is not None else []
        if missing:
            raise ValueError(f"these are no moments of this model's optimisers: {missing[0]} is not there")
        with torch.no_grad():
            for name, tensor in weights.items():
                own[name].copy_(tensor)
            for name, tensor in slots.items():
                tensor.zero_() if moments is None else tensor.copy_(moments[name])
        self.noise = stream(self._seed, "noise", self._device)

    def _moments(self) -> dict[str, Tensor]:
        """Return what the optimisers keep of each weight, themselves, by their names in a state."""
        return {name: part for each in self.descents.values() for name, part in each.moments().items()}


def _is_rounded(config: ModelConfig, images: int, device: torch.device) -> bool:
    """Whether training multiplies in bfloat16: where every layer bears it, as those of "mlp" do.

    An epoch of that takes 1.7 times less for it, and the test ELBO is the same to 0.3 nats. A Gaussian's mean
    would lose as much as a grey level. Layers beside the code stay exact; weights, optimiser and all
    measurements are float32.
    """
    able = torch.cpu.get_capabilities()
    fast = bool(able.get("avx512_bf16") or able.get("amx_bf16")) and device.type == "cpu"
    layers = (layer for net in config.layers() for layer in flat_layers(net))
    bears_it = config.likelihood == "bernoulli" and all(layer.bears_rounding for layer in layers)
    bears_it = bears_it and not config.traits.draws  # some nats decide which of an image's codes counts
    bears_it = bears_it and not config.traits.has_discriminator  # it sees what rounding leaves
    return fast and bears_it and count_weights(config) * images >= ROUNDED_WORK
