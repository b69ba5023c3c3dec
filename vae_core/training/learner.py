"""One step of learning: the loss of a batch, and the optimiser's move.

Adam is fused, and long runs of dense nets take their large products in bfloat16 where the processor has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from vae_core.config.configs import ModelConfig, TrainConfig, count_weights
from vae_core.models.layers.lists import flat_layers
from vae_core.models.objective import elbo_terms
from vae_core.models.vae import VAE, build_model
from vae_core.training.generators import stream

if TYPE_CHECKING:
    from vae_core.models.objective import ElboTerms

ROUNDED_WORK: Final = 2_000_000_000
"""Weights times images from which on training multiplies in bfloat16 where the processor can (some 5,000
images of 28x28). Below, an epoch takes a moment anyway, and all is float32."""
LARGEST_GRADIENT: Final = 300.0
"""The norm, in nats per image, to which a longer gradient of all weights is cut; of "conv" on Fashion-MNIST
in batches of 32 one in fifty is longer. A single image whose posterior's variance shoots up gives one of 1e10
and more, which Adam's second moments would not forget: it ended runs, or held them 30 nats back."""


class Learner:
    """Hold a model and what moves its weights.

    Args:
        model_config: what to build.
        train_config: its seed and its first learning rate.
        images: how many there are to learn from.
        device: where all of it lies.

    Attributes:
        model: the model, in train mode.
        optimizer: Adam, with its moments from the beginning on.
        noise: the generator of the posteriors' noise.
        rounded: whether training multiplies in bfloat16.
    """

    def __init__(
        self, model_config: ModelConfig, train_config: TrainConfig, *, images: int, device: torch.device
    ) -> None:
        self._seed, self._device = train_config.seed, device
        self.model: VAE = build_model(model_config, seed=self._seed).to(device)
        self._parameters = dict(self.model.named_parameters())
        self._weights, self._gradient = _laid_end_to_end([*self._parameters.values()])
        self.rounded = _is_rounded(model_config, images, device)
        self.optimizer = torch.optim.Adam([self._weights], lr=train_config.learning_rate, fused=True)
        self.optimizer.state[self._weights] = {  # what Adam would make at its first step: it can be loaded
            "step": torch.zeros((), dtype=torch.float32, device=device),
            "exp_avg": torch.zeros_like(self._weights),
            "exp_avg_sq": torch.zeros_like(self._weights),
        }
        self._matrices: list[Tensor] = [
            parameter for parameter in self._parameters.values() if parameter.ndim > 1
        ]
        self.take_settings(train_config)
        self.noise = stream(self._seed, "noise", device)

    def learn(self, x: Tensor, y: Tensor | None, *, beta: float, free_bits: float) -> ElboTerms:
        """Take one step, and return the terms of its batch.

        Args:
            x: images in [0, 1], (B, C, H, W).
            y: their labels, (B,), for a model with classes.
            beta: weight of the KL.
            free_bits: nats of KL per dimension that cost nothing.
        """
        with torch.autocast("cpu", torch.bfloat16, enabled=self.rounded):
            terms = elbo_terms(self.model, x, generator=self.noise, y=y)
        self.update(terms, beta=beta, free_bits=free_bits)
        return terms

    def update(self, terms: ElboTerms, *, beta: float, free_bits: float) -> None:
        """Move the weights by one step of the optimiser, along a gradient no longer than the largest."""
        self._gradient.zero_()
        terms.loss(beta, free_bits).backward()  # type: ignore[no-untyped-call]
        excess = torch.linalg.vector_norm(self._gradient) / LARGEST_GRADIENT
        if self._device.type != "cpu" or excess > 1:  # an accelerator would have to wait for the answer
            self._gradient /= excess.clamp(min=1)
        if self._shrinking:
            with torch.no_grad():
                torch._foreach_mul_(self._matrices, 1 - self._shrinking)
        self.optimizer.step()

    def take_settings(self, train_config: TrainConfig) -> None:
        """Move the weights as these settings say, from the next step on.

        Weight decay is decoupled from the gradient and from Adam's moments (arXiv:1711.05101, algorithm 2).
        It spares biases, batch norms and a learned variance, which have no reason to be near 0.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = train_config.learning_rate
        self._shrinking = train_config.learning_rate * train_config.weight_decay

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and the optimiser's moments themselves, by the names they have in a state."""
        named = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        return named | self._moments()

    def begin_with(self, weights: Mapping[str, Tensor], moments: Mapping[str, Tensor] | None) -> None:
        """Take over weights that were learned elsewhere; the noise begins anew from the seed.

        Args:
            weights: by name, as in the model's `state_dict`; counters of batch norm may be absent.
            moments: the optimiser's, named as in `tensors`; None begins with fresh ones.

        Raises:
            ValueError: these are no weights of this model, or moments are missing; nothing has been changed.
        """
        own = self.model.state_dict()
        wanted = {name: tensor for name, tensor in own.items() if tensor.is_floating_point()}
        for name in sorted({*wanted, *weights}):
            if name not in own or name not in weights or weights[name].shape != own[name].shape:
                raise ValueError(f"these are no weights of this model: {name} does not fit")
        slots = self._moments()
        missing = sorted(slots.keys() - moments.keys()) if moments is not None else []
        if missing:
            raise ValueError(f"these are no moments of this model's optimiser: {missing[0]} is not there")
        with torch.no_grad():
            for name, tensor in weights.items():
                own[name].copy_(tensor)
            for name, tensor in slots.items():
                tensor.zero_() if moments is None else tensor.copy_(moments[name])
        self.noise = stream(self._seed, "noise", self._device)

    def _moments(self) -> dict[str, Tensor]:
        """Return what the optimiser keeps of each weight, themselves, by their names in a state."""
        parameters = [*self._parameters.values()]
        named = {}
        for slot, laid in self.optimizer.state[self._weights].items():
            parts = [laid] * len(parameters) if slot == "step" else _parted(laid, parameters)
            for name, part in zip(self._parameters, parts, strict=True):
                named[f"optimizer.{name}.{slot}"] = part
        return named


def _laid_end_to_end(parameters: Sequence[nn.Parameter]) -> tuple[nn.Parameter, Tensor]:
    """Lay all weights, and their gradients, into one tensor each, (W,); the model's become views of these.

    The optimiser then moves one tensor, not two dozen, each of which would cost it some time.
    """
    weights = nn.Parameter(nn.utils.parameters_to_vector(parameters).detach())
    nn.utils.vector_to_parameters(weights.detach(), parameters)
    gradient = weights.grad = torch.zeros_like(weights)
    for parameter, part in zip(parameters, _parted(gradient, parameters), strict=True):
        parameter.grad = part  # to which autograd adds
    return weights, gradient


def _parted(laid: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return the parts of a tensor, (W,), that belong to each parameter, in their shapes."""
    parts = torch.split(laid, [parameter.numel() for parameter in parameters])
    return [part.view_as(parameter) for part, parameter in zip(parts, parameters, strict=True)]


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
    return fast and bears_it and count_weights(config) * images >= ROUNDED_WORK
