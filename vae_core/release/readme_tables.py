"""Measure models anew and lay them side by side, as the README does.

Grey and binarised pixels give likelihoods that cannot be compared, so each gets a table of its own; samples
have none, and one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.config.families import FAMILIES

if TYPE_CHECKING:
    from vae_core.images.loading import ImageSet
    from vae_core.measures.classifier import Classifier

Progress = Callable[[str], object]

COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("ELBO", "elbo"),
    ("log p(x given z)", "log_likelihood"),
    ("KL", "kl"),
    ("NLL", "nll"),
    ("active units", "active_units"),
    ("gap to the prior", "aggregate_gap"),
    ("squared error", "reconstruction_mse"),
    ("MIG", "mig"),
    ("linear probe on means", "linear_accuracy"),
    ("10-NN on means", "knn_accuracy"),
    ("the same, plain mlp", "baseline_knn_accuracy"),
    ("10-NN on reconstructions", "reconstruction_knn_accuracy"),
)
SAMPLE_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("precision", "precision"),
    ("recall", "recall"),
    ("samples off the images' classes", "class_shares_gap"),
    ("the classifier on held-out images", "classifier_accuracy"),
)
_NATS: Final = ("elbo", "log_likelihood", "kl", "nll", "aggregate_gap")


@dataclass(frozen=True)
class Row:
    """Hold one model's line of the table.

    Attributes:
        name: the model's name.
        family: its family's name.
        image_set: name of its image set.
        metrics: as in a bundle, with baseline_knn_accuracy where it was asked for.
        size_bytes: length of its file.
    """

    name: str
    family: str
    image_set: str
    metrics: dict[str, Any]
    size_bytes: int


def rows(
    paths: Iterable[Path],
    *,
    nll_samples: int = 100,
    baseline_epochs: int = 100,
    limit: int | None = None,
    progress: Progress = lambda what: None,
) -> list[Row]:
    """Measure models on the test splits of the sets they learned from, or on images that came with them.

    Args:
        paths: files of bundles.
        nll_samples: importance samples per image.
        baseline_epochs: epochs of the plain mlp that each 2-D model of labelled images is compared with,
            trained in this very run with default settings; 0 leaves it out.
        limit: use so many images of each split only; None all.
        progress: called with what comes next.

    Raises:
        ValueError: a file is no bundle, or its image set cannot be loaded.
    """
    from vae_core.bundles.bundle import load_bundle
    from vae_core.bundles.splits import splits_of
    from vae_core.measures.classifier import learn_classifier
    from vae_core.measures.samples import can_be_told_apart
    from vae_core.measures.suite import measure
    from vae_core.models.passing import UNSAID, Learning

    baselines: dict[str, float] = {}
    classifiers: dict[str, Classifier | None] = {}
    answer = []
    for path in paths:
        progress(path.stem)
        bundle = load_bundle(path)
        name, run = bundle.image_set["name"], bundle.train_config
        train, test = splits_of(bundle, limit=limit)
        if name not in classifiers:
            classifiers[name] = learn_classifier(train) if can_be_told_apart(train, test) else None
        metrics = measure(
            bundle.model,
            train,
            test,
            binarized=run is not None and run.binarize != "none",
            nll_samples=nll_samples if bundle.model_config.has_likelihood else 0,
            seed=0 if run is None else run.seed,
            learning=UNSAID if run is None else Learning(run),
            classifier=classifiers[name],
        )
        config = bundle.model_config
        if baseline_epochs and config.has_encoder and config.latent_dim == 2 and train.labels is not None:
            if name not in baselines:
                progress(f"plain mlp on {name}")
                baselines[name] = baseline(train, test, epochs=baseline_epochs)
            metrics["baseline_knn_accuracy"] = baselines[name]
        answer.append(Row(path.stem, config.family, name, metrics, path.stat().st_size))
    return answer


def baseline(train: ImageSet, test: ImageSet, *, epochs: int) -> float:
    """Train a plain mlp with two latent dimensions and return its 10-NN accuracy on posterior means."""
    from vae_core.measures.suite import measure
    from vae_core.training.trainer import Trainer

    config = ModelConfig(image_shape=train.image_shape, latent_dim=2, architecture="mlp")
    trainer = Trainer(train, config, TrainConfig(epochs=epochs), test_set=test, device="cpu")
    while not trainer.done:
        trainer.advance(measure=False)
    accuracy: float = measure(trainer.model.eval(), train, test)["knn_accuracy"]
    return accuracy


def markdown(measured: list[Row]) -> str:
    """Return the rows as markdown: likelihoods for each kind of pixels, samples of all, and factors."""
    parts = []
    coded = [row for row in measured if FAMILIES[row.family].has_encoder]
    for pixels in ("grey", "binarized"):
        mine = [row for row in coded if row.metrics["pixels"] == pixels]
        if mine:
            parts.append(_table(mine, pixels))
    if drawn := [row for row in measured if "precision" in row.metrics]:
        parts.append(_sample_table(drawn))
    factors = [row for row in measured if any(name.startswith("spearman_") for name in row.metrics)]
    parts += [_factor_table(row) for row in factors]
    return "\n\n".join(parts)


def _table(measured: list[Row], pixels: str) -> str:
    samples = {row.metrics["nll_samples"] for row in measured if "nll_samples" in row.metrics}
    images = {row.metrics["test_images"] for row in measured}
    columns = [(title, key) for title, key in COLUMNS if any(key in row.metrics for row in measured)]
    lines = [
        f"{pixels.capitalize()} pixels, nats per image of the test split ({_listed(images)} images)"
        + (f", NLL with {_listed(samples)} importance samples." if samples else "."),
        "",
        _line(["model", "images", *(title for title, _ in columns), "MB"]),
        _line(["---", "---", *("---:" for _ in columns), "---:"]),
    ]
    for row in measured:
        cells = [_cell(key, row.metrics.get(key)) for _, key in columns]
        lines.append(_line([f"`{row.name}`", row.image_set, *cells, f"{row.size_bytes / 1e6:.2f}"]))
    return "\n".join(lines)


def _sample_table(measured: list[Row]) -> str:
    counts = _listed({row.metrics["samples"] for row in measured})
    lines = [
        f"Samples of the prior ({counts} of each, and as many held-out images), in the features of a small "
        "classifier of the training split.",
        "",
        _line(["model", "family", *(title for title, _ in SAMPLE_COLUMNS)]),
        _line(["---", "---", *("---:" for _ in SAMPLE_COLUMNS)]),
    ]
    for row in measured:
        cells = [_cell(key, row.metrics.get(key)) for _, key in SAMPLE_COLUMNS]
        lines.append(_line([f"`{row.name}`", row.family, *cells]))
    return "\n".join(lines)


def _factor_table(row: Row) -> str:
    found = {
        name.removeprefix("spearman_"): value
        for name, value in row.metrics.items()
        if name.startswith("spearman_")
    }
    return "\n".join(
        [
            f"`{row.name}`: each known factor's best absolute rank correlation with one dimension.",
            "",
            _line(list(found)),
            _line(["---:"] * len(found)),
            _line([f"{value:.2f}" for value in found.values()]),
        ]
    )


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key == "active_units":
        return str(value)
    if key in _NATS:
        return f"{value:.1f}"
    if key == "mig":
        return f"{value:.2f}"
    return f"{value:.4f}" if key == "reconstruction_mse" else f"{100 * value:.1f} %"


def _listed(values: Iterable[int]) -> str:
    return " or ".join(f"{value:,}" for value in sorted(values))


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
