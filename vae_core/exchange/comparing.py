"""What the lists give, beside what the modules give that they were made of."""

from __future__ import annotations

import math
import warnings
from typing import Any, Final

import torch
from torch import Tensor

from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.following import Code, evaluating, owners_of
from vae_core.models.vae import VAE

COMPARED: Final = 64
"""So many images and codes are given to both."""

TOLERANCE: Final = 1e-3
"""Relative to the largest number: single precision differs by far less, a wrong layer by far more."""

ROUNDED: Final = 0.05
"""The same, where the modules calculate in half precision."""


def compare_encoders(model: VAE, net: Any, code: Code, draft: Draft, x: Tensor) -> None:
    """Compare means and log variances.

    Args:
        model: of the lists, in eval mode.
        net: the encoder as it was given.
        code: its calls.
        draft: says in which shape images enter it.
        x: images in [0, 1], (B, C, H, W).

    Raises:
        ValueError: they differ.
    """
    posterior = model.encode(x)
    ours = torch.cat([part for part in (posterior.mean, posterior.logvar) if part is not None], dim=1)
    _compare(ours, net, code, x.reshape(len(x), *draft.entry))


def compare_decoders(model: VAE, net: Any, code: Code, draft: Draft, with_sigmoid: bool) -> None:
    """Compare pictures of random codes.

    Args:
        model: of the lists, in eval mode.
        net: the decoder as it was given.
        code: its calls.
        draft: says in which shape codes enter it.
        with_sigmoid: whether its sigmoid was taken off the lists.

    Raises:
        ValueError: they differ.
    """
    z = torch.randn(COMPARED, model.config.latent_dim, generator=torch.Generator().manual_seed(0))
    ours = model.decode_images(z) if with_sigmoid else model.decode(z)
    _compare(ours.flatten(1), net, code, z.reshape(len(z), *draft.entry))


def _compare(ours: Tensor, net: Any, code: Code, given: Tensor) -> None:
    """Refuse lists that give other numbers, (B, numbers), than the net itself."""
    weights = [weight for module in code.modules.values() for weight in module.parameters()]
    if weights:
        given = given.to(weights[0].device, weights[0].dtype)
    theirs = _run(net, code, given)
    if not bool(theirs.isfinite().all()):
        raise ValueError(
            f"the {code.part} gives numbers that are none (NaN or infinite); what would do is to train it "
            "anew"
        )
    apart = float((ours - theirs).abs().max()) if ours.shape == theirs.shape else math.inf
    tolerance = ROUNDED if given.dtype.itemsize < ours.dtype.itemsize else TOLERANCE
    if apart > tolerance * (1 + float(theirs.abs().max())):
        raise ValueError(
            f"the {code.part}'s layers, run one after the other, give other numbers than its code (apart "
            "by up "
            f"to {apart:.2g}): hooks, layers that change their input in place, or what is drawn anew at each "
            "call; what would do is a chain of layers without"
        )


def _run(net: Any, code: Code, given: Tensor) -> Tensor:
    """Return what a net gives, (B, numbers)."""
    with evaluating(*owners_of(net), *code.modules.values()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what PyTorch says of others' layers
        try:
            result = net(given)
        except Exception as error:  # the code is anyone's
            said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise ValueError(f"the {code.part} fails on {tuple(given.shape)}: {said}") from None
    parts = result if isinstance(result, (tuple, list)) else (result,)
    return torch.cat([part.detach().cpu().float().flatten(1) for part in parts], dim=1)
