"""Jobs about bundles: one from anyone is opened, a run or a keyframe of it written, its map added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_core.bundles.bundle import load_bundle, save_bundle
from vae_core.bundles.making import make_bundle, with_umap
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.storage.home import make_folder, put_in_place
from vae_core.training.state_file import begin_at_keyframe, load_state, make_trainer

if TYPE_CHECKING:
    from vae_core.bundles.bundle import Bundle
    from vae_core.engine.contract.info import Report


def check_bundle(report: Report, *, path: str) -> dict[str, Any]:
    """Open a file that may come from anyone; ValueError says what is wrong with it."""
    bundle = load_bundle(path)
    return {"title": bundle.card.get("title", ""), "latent_dim": bundle.model_config.latent_dim}


def save_run(
    report: Report,
    *,
    state: str,
    image_set: str,
    model: Mapping[str, Any],
    train: Mapping[str, Any],
    title: str,
    path: str,
) -> dict[str, Any]:
    """Write a run's model as a bundle.

    Args:
        report: progress.
        state: file with the trainer's state.
        image_set: name of the images it learned from.
        model: fields of `ModelConfig`.
        train: fields of `TrainConfig`.
        title: the model's title.
        path: where the bundle goes.
    """
    try:
        data = Path(state).read_bytes()
    except FileNotFoundError:
        raise ValueError("This run has not trained yet, so there is nothing to save.") from None
    report(0.1, "Reading the run")
    trainer = make_trainer(image_set, ModelConfig.from_dict(model), TrainConfig.from_dict(train))
    load_state(trainer, data)
    report(0.3, "Measuring the model")
    return _write_bundle(report, make_bundle(trainer, title=title), path)


def save_keyframe(
    report: Report,
    *,
    shown: str,
    encoder: str,
    image_set: str,
    model: Mapping[str, Any],
    train: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    title: str,
    path: str,
) -> dict[str, Any]:
    """Write a moment of a run's past as a bundle.

    Args:
        report: progress.
        shown: file with the keyframe as the browser gets it,
        encoder: and with its encoder.
        image_set: name of the images it learned from.
        model: fields of `ModelConfig`.
        train: fields of `TrainConfig`, as they were then.
        history: the run's; what came later is left out.
        title: the model's title.
        path: where the bundle goes.
    """
    report(0.1, "Reading the keyframe")
    trainer = make_trainer(image_set, ModelConfig.from_dict(model), TrainConfig.from_dict(train))
    begin_at_keyframe(trainer, Path(shown).read_bytes(), Path(encoder).read_bytes(), history=history)
    report(0.3, "Measuring the model")
    return _write_bundle(report, make_bundle(trainer, title=title), path)


def fit_umap(report: Report, *, bundle: str, write: bool = False, seed: int = 0) -> dict[str, Any]:
    """Fit the UMAP of a bundle's probe.

    Args:
        report: progress.
        bundle: the file.
        write: whether to put it into the file, unless that has changed or gone meanwhile.
        seed: of the fit.

    Returns:
        `positions` (float32, (P, 2), as bytes; empty where PCA has to do), `trustworthiness`, `written`.
    """
    path = Path(bundle)
    before = path.stat()
    fitted = with_umap(load_bundle(path), seed=seed)
    projection = fitted.projections.get("umap")
    if projection is None:
        return {"positions": b"", "trustworthiness": None, "written": False}
    report(0.9, "Judging the map")
    written = False
    if write:
        partial = path.with_name(f".{path.name}.umap")
        save_bundle(partial, fitted)
        try:
            now = path.stat()
            if (now.st_mtime_ns, now.st_size) == (before.st_mtime_ns, before.st_size):
                put_in_place(partial, path)
                written = True
        except FileNotFoundError:  # the model was deleted or renamed meanwhile
            pass
        finally:
            partial.unlink(missing_ok=True)
    return {
        "positions": projection.positions.numpy().astype("<f4").tobytes(),
        "trustworthiness": projection.trustworthiness,
        "written": written,
    }


def _write_bundle(report: Report, bundle: Bundle, path: str) -> dict[str, Any]:
    report(0.9, "Writing the file")
    make_folder(Path(path).parent)
    save_bundle(path, bundle)
    return {"path": path, "name": Path(path).stem}
