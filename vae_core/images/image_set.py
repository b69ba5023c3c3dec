"""Pictures with what is known about them: what everything downstream takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vae_core.config.settings import number

if TYPE_CHECKING:
    import torch

MOST_CLASSES: Final = int(number("n_classes").greatest)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Hold pictures with what is known about them.

    Attributes:
        name: the set's name, as in `image_sets`.
        title: the name for people.
        images: pictures, uint8, (N, C, H, W), 0..255.
        labels: class of each picture, int64, (N,), or None.
        label_names: name of each class; a label is an index into it.
        factors: what each picture was made from, float32, (N, F), or None.
        factor_names: name of each factor, F of them.
        licence: licence and notice that go wherever the pictures go.
        source: where the pictures come from.

    Raises:
        ValueError: types, shapes or labels that do not fit.
    """

    name: str
    title: str
    images: torch.Tensor
    labels: torch.Tensor | None = None
    label_names: tuple[str, ...] = ()
    factors: torch.Tensor | None = None
    factor_names: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        count = len(self.images)
        if self.images.ndim != 4 or str(self.images.dtype) != "torch.uint8":
            raise ValueError(
                f"images must be torch.uint8 of shape (N, C, H, W), "
                f"not {self.images.dtype} of shape {tuple(self.images.shape)}"
            )
        if self.labels is not None:
            _check_rows("labels", self.labels, "torch.int64", (count,))
            _check_labels(self.labels, self.label_names)
        if self.factors is not None:
            _check_rows("factors", self.factors, "torch.float32", (count, len(self.factor_names)))

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of one picture, (C, H, W)."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def take(self, indices: torch.Tensor) -> ImageSet:
        """Return the pictures at `indices` (int64, (M,)), in that order, with their labels and factors."""
        return ImageSet(
            self.name,
            self.title,
            self.images[indices],
            None if self.labels is None else self.labels[indices],
            self.label_names,
            None if self.factors is None else self.factors[indices],
            self.factor_names,
            self.licence,
            self.source,
        )


def _check_rows(what: str, rows: torch.Tensor, dtype: str, shape: tuple[int, ...]) -> None:
    if str(rows.dtype) != dtype or tuple(rows.shape) != shape:
        raise ValueError(
            f"{what} must be {dtype} of shape {shape}, not {rows.dtype} of shape {tuple(rows.shape)}"
        )


def _check_labels(labels: torch.Tensor, names: tuple[str, ...]) -> None:
    if len(names) > MOST_CLASSES:
        raise ValueError(f"a set has at most {MOST_CLASSES:,} label_names, not {len(names):,}")
    last = (len(names) or MOST_CLASSES) - 1
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) <= last:
        raise ValueError(
            f"labels must be from 0 to {last}, an index into label_names; "
            f"they go from {int(labels.min())} to {int(labels.max())}"
        )
