"""A net through which a large batch goes in parts, forwards and back: exactly, and with pauses in between.

Layers without batch norm do the same to each image, whatever stands beside it: of them the parts' gradients
add up. At batch norm each part's graph is cut, and what autograd would do with the whole batch is done by
hand. With m and v the mean and variance of all n images (times places), s = 1 / sqrt(v + eps), u = (x - m) s,

    y = u * weight + bias,
    dL/dx = weight * s * (dL/dy - mean(dL/dy) - u * mean(dL/dy * u)),

the means over the whole batch (arXiv:1502.03167, section 3, with the sums put together).

What autograd keeps of each part stays until its gradient has gone through: nothing is computed twice, and
the memory is that of the undivided batch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vae_core.models.layers.kinds import BatchNorm, Residual
from vae_core.models.layers.layer import Layer
from vae_core.models.layers.lists import flat_layers
from vae_core.models.nets import Net

Pauses = Generator[None, None, None]
Parts = list[Tensor]
Giving = Generator[None, None, Parts]


@dataclass(frozen=True, eq=False)
class _Cut:
    """A place where the graph of each part ends and begins anew."""

    made: Parts  # ends of the graphs before
    taken: Parts  # beginnings of those behind


@dataclass(frozen=True, eq=False)
class _Normalised(_Cut):
    """A cut at which batch norm was applied to all parts."""

    norm: nn.modules.batchnorm._BatchNorm
    mean: Tensor  # of the whole batch, (C,)
    variance: Tensor  # (C,)
    count: int  # of numbers in each

    def units(self, part: Tensor) -> Tensor:
        """Return a part of what was given, with the mean 0 and the variance 1 in the whole batch."""
        shape = _beside(part)
        return (part - self.mean.view(shape)) * torch.rsqrt(self.variance + self.norm.eps).view(shape)


class NetInParts:
    """Take one batch through a net, in train mode, and its gradient back.

    Running statistics are left alone until `note_statistics`: a pass that is given up has changed nothing but
    gradients.

    Args:
        net: the net.
        rounding: makes what is entered around each piece of work.
    """

    def __init__(self, net: Net, rounding: Callable[[], AbstractContextManager[object]]) -> None:
        self._net = net
        self._rounding = rounding
        self._tape: list[_Cut] = []
        self._end: Parts = []
        self._norms: list[_Normalised] = []

    def forward(self, parts: Sequence[Tensor], one_hot: Sequence[Tensor | None]) -> Giving:
        """Apply the layers; returns what they make of each part, (B_p, *output), with its graph.

        Args:
            parts: of the batch, (B_p, *given).
            one_hot: the labels of each part, (B_p, K), for a list that appends them.
        """
        self._end = yield from self._through(self._net.layers, list(parts), one_hot)
        return self._end

    def backward(self, gradients: Sequence[Tensor]) -> Pauses:
        """Take gradients by what `forward` returned back to the weights, and to parts that want them."""
        yield from _back(self._end, gradients)
        self._end = []
        while self._tape:
            cut = self._tape.pop()
            if isinstance(cut, _Normalised):
                yield from _back_through_norm(cut)
            else:
                yield from _back(cut.made, map(_gradient, cut.taken))

    def note_statistics(self) -> None:
        """Let the running statistics of batch norm follow this batch, as torch does in train mode."""
        with torch.no_grad():
            for each in self._norms:
                norm = each.norm
                assert norm.running_mean is not None
                assert norm.running_var is not None
                assert norm.num_batches_tracked is not None
                norm.num_batches_tracked += 1
                share = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
                unbiased = each.variance * (each.count / max(1, each.count - 1))
                norm.running_mean.lerp_(each.mean.to(norm.running_mean.dtype), share)
                norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), share)

    def _through(self, layers: Sequence[Layer], parts: Parts, one_hot: Sequence[Tensor | None]) -> Giving:
        plain: list[Layer] = []
        for layer in layers:
            if not _has_norm(layer):
                plain.append(layer)
                continue
            if plain:
                parts = yield from self._plainly(plain, parts, one_hot)
                plain = []
            if isinstance(layer, Residual):
                parts = self._cut(parts)
                inner = yield from self._through(layer.layers, parts, one_hot)
                parts = [part + changed for part, changed in zip(parts, inner, strict=True)]
            else:
                parts = yield from self._normalised(layer, parts)
        return (yield from self._plainly(plain, parts, one_hot)) if plain else parts

    def _plainly(self, layers: Sequence[Layer], parts: Parts, one_hot: Sequence[Tensor | None]) -> Giving:
        """Apply layers that do the same to each image."""
        made = []
        for part, labels in zip(parts, one_hot, strict=True):
            with self._rounding():
                made.append(self._net.through(tuple(layers), part, labels))
            yield
        return made

    def _cut(self, made: Parts) -> Parts:
        """End the parts' graphs here, and begin new ones."""
        taken = [part.detach().requires_grad_() for part in made]
        self._tape.append(_Cut(made, taken))
        return taken

    def _normalised(self, layer: Layer, parts: Parts) -> Giving:
        """Apply batch norm with the statistics of the whole batch."""
        norm = self._net.module_of(layer)
        assert isinstance(norm, nn.modules.batchnorm._BatchNorm)
        with torch.no_grad():
            axes = [axis for axis in range(parts[0].ndim) if axis != 1]
            count = sum(part.numel() // part.shape[1] for part in parts)
            mean = torch.stack([part.sum(dim=axes) for part in parts]).sum(dim=0) / count
            shape = _beside(parts[0])
            squares = [(part - mean.view(shape)).square().sum(dim=axes) for part in parts]
            variance = torch.stack(squares).sum(dim=0) / count
        cut = _Normalised(parts, [], norm, mean, variance, count)
        self._tape.append(cut)
        self._norms.append(cut)
        for part in parts:
            with torch.no_grad():
                units = cut.units(part)
                made = units * norm.weight.view(shape) + norm.bias.view(shape) if norm.affine else units
            cut.taken.append(made.requires_grad_())
            yield
        return cut.taken


def _back_through_norm(cut: _Normalised) -> Pauses:
    """Take the gradient of the whole batch through batch norm, and on to where each part's graph began."""
    gradients = [_gradient(part) for part in cut.taken]
    with torch.no_grad():
        axes = [axis for axis in range(gradients[0].ndim) if axis != 1]
        shape = _beside(gradients[0])
        sums = torch.stack([each.sum(dim=axes) for each in gradients]).sum(dim=0)
        products = [
            (each * cut.units(part)).sum(dim=axes) for each, part in zip(gradients, cut.made, strict=True)
        ]
        with_units = torch.stack(products).sum(dim=0)
        if cut.norm.affine:
            _add_gradient(cut.norm.weight, with_units)
            _add_gradient(cut.norm.bias, sums)
        factor = torch.rsqrt(cut.variance + cut.norm.eps) * (cut.norm.weight if cut.norm.affine else 1)
    for gradient, part in zip(gradients, cut.made, strict=True):
        with torch.no_grad():
            gradient -= (sums / cut.count).view(shape)
            gradient -= cut.units(part) * (with_units / cut.count).view(shape)
            gradient *= factor.view(shape)
        if part.requires_grad:
            part.backward(gradient)  # type: ignore[no-untyped-call]
        yield


def _back(made: Iterable[Tensor], gradients: Iterable[Tensor]) -> Pauses:
    """Take the gradient of each part back to where its graph began."""
    for part, gradient in zip(made, gradients, strict=True):
        if part.requires_grad:
            part.backward(gradient)  # type: ignore[no-untyped-call]
        yield


def _gradient(values: Tensor) -> Tensor:
    return torch.zeros_like(values) if values.grad is None else values.grad


def _add_gradient(weights: Tensor, gradient: Tensor) -> None:
    """Add to a weight's gradient, in place: it may be a view of all gradients."""
    if weights.grad is None:
        weights.grad = torch.zeros_like(weights)
    weights.grad += gradient


def _beside(part: Tensor) -> list[int]:
    """Return the shape in which a number for each channel, (C,), stands beside a part."""
    return [1, -1, *[1] * (part.ndim - 2)]


def _has_norm(layer: Layer) -> bool:
    return any(isinstance(each, BatchNorm) for each in flat_layers((layer,)))
