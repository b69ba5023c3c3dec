"""What a model's new images are worth: precision and recall, and which share of them shows each class.

Both are taken in the features of a small classifier of our own (`vae_core.measures.classifier`), never of the
large net that a "FID" is taken with: they compare models of the same images with each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from vae_core.images.order import balanced_order

if TYPE_CHECKING:
    from vae_core.images.image_set import ImageSet
    from vae_core.measures.classifier import Classifier
    from vae_core.models.vae import VAE

NEIGHBOURS: Final = 3
SAMPLES: Final = 2_000
AT_ONCE: Final = 400
CHUNK_PIXELS: Final = 400_000

NO_PRIOR: Final = "a model without a prior makes no samples of its own: there is nothing to measure in them"


def sample_metrics(
    model: VAE, train_set: ImageSet, test_set: ImageSet, classifier: Classifier, *, seed: int = 0
) -> dict[str, Any]:
    """Measure samples of the prior against held-out images, by a classifier of the training split.

    A model that is told classes is told them as often as the training split has each.

    Args:
        model: the model, in eval mode.
        train_set: labelled images: how often each class is.
        test_set: labelled images that the model has not seen.
        classifier: learned from the training split.
        seed: of the samples.

    Returns:
        precision, recall (0..1, as in `precision_recall`); class_shares, which share of the samples the
        classifier gives to each class, a list in the order of the labels; class_shares_gap, half the sum of
        the distances from the held-out images' own shares (total variation, 0..1; as the classifier sees
        them, too); samples, how many were drawn, at most 2,000, and as many images; classifier_accuracy, on
        the whole test split.

    Raises:
        ValueError: the model has no prior, or labels are missing.
    """
    if not model.config.traits.has_prior:
        raise ValueError(NO_PRIOR)
    if train_set.labels is None or test_set.labels is None:
        raise ValueError("samples are measured in the features of a classifier, which wants labelled images")
    held_out, seen = classifier.look(test_set.images.float() / 255)
    chosen = torch.from_numpy(balanced_order(test_set.labels.numpy())[:SAMPLES])
    generator = torch.Generator().manual_seed(seed)
    told = None
    if model.config.n_classes:
        told = train_set.labels[torch.randint(len(train_set), (len(chosen),), generator=generator)]
    samples = draw_samples(model, len(chosen), generator=generator, y=told)
    features, shown = classifier.look(samples)
    precision, recall = precision_recall(held_out[chosen], features)
    classes = len(train_set.label_names)
    shares = torch.bincount(shown, minlength=classes).double() / len(shown)
    wanted = torch.bincount(seen[chosen], minlength=classes).double() / len(chosen)
    return {
        "precision": precision,
        "recall": recall,
        "class_shares": [round(share, 5) for share in shares.tolist()],
        "class_shares_gap": float((shares - wanted).abs().sum() / 2),
        "samples": len(samples),
        "classifier_accuracy": float((seen == test_set.labels).double().mean()),
    }


def can_be_told_apart(train_set: ImageSet, test_set: ImageSet) -> bool:
    """Whether images have labels, of two classes or more, and are enough to measure samples by."""
    if train_set.labels is None or test_set.labels is None:
        return False
    return len(set(train_set.labels.tolist())) > 1 and len(test_set) > NEIGHBOURS


@torch.no_grad()
def draw_samples(
    model: VAE, count: int, *, generator: torch.Generator | None = None, y: Tensor | None = None
) -> Tensor:
    """Decode codes drawn from the prior.

    Args:
        model: the model.
        count: how many.
        generator: of the codes; None means a fresh unseeded one.
        y: the class that each is told, (count,), for a model with classes.

    Returns:
        Expected images in [0, 1], (count, C, H, W).
    """
    config = model.config
    if generator is None:
        generator = torch.Generator()
        generator.seed()
    z = model.objective.prior(model, count, generator)
    size = max(1, CHUNK_PIXELS // math.prod(config.image_shape))
    parts = [slice(start, start + size) for start in range(0, count, size)]
    return torch.cat([model.decode_images(z[part], None if y is None else y[part]) for part in parts])


def precision_recall(real: Tensor, generated: Tensor, *, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Estimate precision and recall of samples from two sets of features (arXiv:1904.06991, equations 1, 2).

    The region of a set is the union of balls around its points, each as large as the way to the point's
    third nearest other one. Precision is the share of the samples that lie in the images' region: do they
    look real? Recall is the share of the images that lie in the samples': is each kind there?

    Args:
        real: of images, (N, K).
        generated: of samples, (M, K).
        neighbours: which neighbour a ball reaches to.

    Returns:
        Precision and recall, 0..1.

    Raises:
        ValueError: fewer points than a ball needs neighbours, or features that are no numbers.
    """
    for name, points in (("images", real), ("samples", generated)):
        if len(points) <= neighbours:
            raise ValueError(f"there must be more than {neighbours} {name}; got {len(points)}")
        if not bool(points.isfinite().all()):
            raise ValueError(f"features of the {name} must be numbers, all of them")
    real, generated = real.double(), generated.double()
    return _share_inside(generated, real, neighbours), _share_inside(real, generated, neighbours)


def _share_inside(points: Tensor, around: Tensor, neighbours: int) -> float:
    """Return which share of points lies in a ball around any of others."""
    # The nearest of all is the point itself.
    near = [_distances(part, around).kthvalue(neighbours + 1, dim=1) for part in torch.split(around, AT_ONCE)]
    reach = torch.cat([each.values for each in near])
    inside = [(_distances(part, around) <= reach).any(dim=1) for part in torch.split(points, AT_ONCE)]
    return float(torch.cat(inside).double().mean())


def _distances(points: Tensor, others: Tensor) -> Tensor:
    return torch.cdist(points, others, compute_mode="donot_use_mm_for_euclid_dist")
