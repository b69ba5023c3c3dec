"""Which images a bundle's model can be measured on: its set's splits, or those in the file itself."""

from __future__ import annotations

from vae_core.bundles.bundle import Bundle
from vae_core.images.image_set import ImageSet
from vae_core.images.loading import image_sets, load_image_set


def splits_of(bundle: Bundle, *, limit: int | None = None) -> tuple[ImageSet, ImageSet]:
    """Return images to learn neighbours from, and images to measure on.

    They are the training and the test split of the set that the model learned from. Where no set of that name
    and size is here, as with a model from elsewhere, they are the two halves of its probe, which is shuffled.

    Args:
        bundle: the model.
        limit: at most so many images of each; None all.

    Raises:
        ValueError: the set is known and cannot be loaded, or one image is all there is.
    """
    table, shape = bundle.image_set, bundle.model_config.image_shape
    if any(known.name == table["name"] and known.shape == shape for known in image_sets()):
        return (
            load_image_set(table["name"], split="train", limit=limit),
            load_image_set(table["name"], split="test", limit=limit),
        )
    probe = bundle.probe
    half = len(probe.images) // 2
    if half == 0:
        raise ValueError("the model came with a single image: there is nothing to measure it on")
    parts = (slice(0, half), slice(half, 2 * half))
    kept = [slice(part.start, min(part.stop, part.start + (limit or half))) for part in parts]
    learned, held_out = (
        ImageSet(
            table["name"],
            table["title"],
            probe.images[part],
            None if probe.labels is None else probe.labels[part],
            tuple(table["label_names"]),
            None if probe.factors is None else probe.factors[part],
            tuple(table["factor_names"]),
            table["licence"],
            table["source"],
        )
        for part in kept
    )
    return learned, held_out
