"""What training maximises, in nats per image.

    elbo = E_q(z|x)[log p(x|z)] - KL(q(z|x) || N(0, 1))        (arXiv:1312.6114, equation 3)

Everything is summed over pixels and latent dimensions and then averaged over images. (Averaging over pixels
as well would multiply beta by their number and collapse the posterior.) What a family makes of it stands in
its file in `vae_core.models.families`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import torch
from torch import Tensor

from vae_core.config.families import Term

Terms: TypeAlias = Mapping[str, Tensor]
"""A batch's terms by name, those of `Family.computed`: (B,), or (B, D) where there is one per dimension."""


@dataclass(frozen=True)
class ElboTerms:
    """Hold the two terms of the ELBO, per image.

    Attributes:
        log_likelihood: E_q[log p(x|z)] in nats, (B,); of a code that is a point log p(x|code).
        kl_per_dim: KL to the prior per latent dimension in nats, (B, D); None where there is none.
    """

    log_likelihood: Tensor
    kl_per_dim: Tensor | None

    @property
    def kl(self) -> Tensor | None:
        """KL to the prior in nats, (B,)."""
        return None if self.kl_per_dim is None else self.kl_per_dim.sum(dim=1)

    @property
    def elbo(self) -> Tensor | None:
        """The evidence lower bound in nats, (B,): beta 1 and no free bits, whatever is trained."""
        return None if self.kl is None else self.log_likelihood - self.kl

    def loss(self, beta: float = 1.0, free_bits: float = 0.0) -> Tensor:
        """Return what training minimises.

        Args:
            beta: weight of the KL; 1 gives the negative ELBO.
            free_bits: nats per latent dimension that cost nothing, applied to the batch's mean
                (arXiv:1606.04934, equation 15).

        Returns:
            mean(-log_likelihood) + beta * sum over dimensions of max(free_bits, mean KL), a scalar.
        """
        distortion = -self.log_likelihood.mean()
        if self.kl_per_dim is None:
            return distortion
        return distortion + beta * self.kl_per_dim.mean(dim=0).clamp(min=free_bits).sum()


def value_of(term: Term, terms: Terms) -> Tensor:
    """Return a term of each image, (B,), summed over dimensions and made of its parts if need be."""
    parts = [
        factor * (terms[name].sum(dim=1) if terms[name].ndim > 1 else terms[name])
        for name, factor in (term.parts or {term.name: 1.0}).items()
    ]
    return reduce(torch.add, parts)
