"""The aggregate posterior q(z), the mean of q(z|x) over images: its log density, and what a KL is made of.

A code drawn from q(z|x), and the log densities there, tell the KL to the prior in three parts
(arXiv:1802.04942, equation 2):

    log q(z|x) - log p(z) =   log q(z|x) - log q(z)                       mutual information
                            + log q(z) - sum over d of log q(z_d)         total correlation
                            + sum over d of (log q(z_d) - log p(z_d))     dimension-wise KL

In the mean over images and codes the first says how much a code tells of which image it is of, the second how
far the dimensions are from independent, the third how far each is from the prior's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.models.distributions import LOG_2_PI, Posterior


@dataclass(frozen=True, eq=False)
class Parts:
    """Hold the three parts of each image's KL at the code that was drawn, in nats.

    Attributes:
        mutual_information: log q(z|x) - log q(z), (B,).
        total_correlation: log q(z) - sum of log q(z_d), (B,).
        dimension_kl: log q(z_d) - log p(z_d), (B, D).
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_kl: Tensor


def kl_parts(z: Tensor, posterior: Posterior, images: int) -> Parts:
    """Split the KL of a batch into its parts, by minibatch-stratified sampling; differentiable.

    Args:
        z: one code for each image, drawn from its posterior, (B, D).
        posterior: q(z|x) of the batch.
        images: of the set that the batch was drawn from; fewer than the batch has: it is all of them.
    """
    assert posterior.logvar is not None, "a point has no density"
    each = normal_log_density(z[:, None], posterior.mean, posterior.logvar)  # (B, B, D): z_i under q(z|x_j)
    weights = stratified_log_weights(len(z), images).to(each)
    joint = torch.logsumexp(each.sum(dim=2) + weights, dim=1)  # (B,)
    single = torch.logsumexp(each + weights[:, :, None], dim=1)  # (B, D)
    own = each.diagonal().sum(dim=0)  # (B,)
    prior = -0.5 * (z.square() + LOG_2_PI)
    return Parts(own - joint, joint - single.sum(dim=1), single - prior)


def stratified_log_weights(batch: int, images: int) -> Tensor:
    """Return the log weights of a batch's posteriors in an estimate of q(z), at a code of each of its images.

    Each image's own posterior stands for itself among the N images; those of the M others in the batch stand
    for all N - 1 others: q(z) is about q(z|own) / N + (N - 1) / (N M) * sum of q(z|other). Over batches drawn
    without putting back that is right in the mean. (arXiv:1802.04942, appendix C.2, gives the remainder to
    one of the others, chosen at random; this is its mean over that choice, and exact for the whole set.)

    Args:
        batch: B; one image alone stands for all.
        images: N.

    Returns:
        (B, B): a row for each code, its own image's weight on the diagonal; each row's weights sum to 1.
    """
    if batch == 1:
        return torch.zeros(1, 1)
    total = max(images, batch)
    weights = torch.full((batch, batch), math.log(total - 1) - math.log(total) - math.log(batch - 1))
    return weights.fill_diagonal_(-math.log(total))


def normal_log_density(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Return log N(z; mean, exp(logvar)) elementwise, in nats; shapes as broadcasting has it."""
    return -0.5 * ((z - mean).square() * torch.exp(-logvar) + logvar + LOG_2_PI)
