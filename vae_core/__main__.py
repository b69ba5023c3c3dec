"""The command line: train a model, make the models that ship, measure models, write one for other programs.

    python -m vae_core train --images fashion --latent-dim 16 --out fashion.safetensors
    python -m vae_core train --images photographs.zip --size 64 --colour --likelihood gaussian_learned
    python -m vae_core bundles
    python -m vae_core measure
    python -m vae_core export mnist-16 --onnx

Ctrl-C ends training after the step under way and keeps what has been learned, as a whole bundle. A second
one ends at once; no file is ever left half-written.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

from tqdm import tqdm

from vae_core.config.configs import ModelConfig, TrainConfig, why_not_gone_on
from vae_core.config.families import FAMILIES
from vae_core.config.settings import Choice, Number, number, of_config
from vae_core.images.loading import image_sets
from vae_core.images.uploads.limits import FITS
from vae_core.release.recipes import RECIPES, SHIPPED_BUNDLES
from vae_core.storage.home import write_whole

if TYPE_CHECKING:
    from vae_core.images.image_set import ImageSet
    from vae_core.training.trainer import Trainer

MOST_REFUSALS = 20
SLICE_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name; None takes the process's own.

    Returns:
        The exit status: 0; 2 for what cannot be done as asked; 130 after Ctrl-C.
    """
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.run(asked))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except (ValueError, OSError, FloatingPointError) as error:  # the last: the training has diverged
        print(f"vae_core {asked.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m vae_core", description="Train, make, measure and export models."
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="train | bundles | measure | export"
    )
    shows = argparse.ArgumentDefaultsHelpFormatter

    train = commands.add_parser("train", help="train a model and save it", formatter_class=shows)
    train.add_argument(
        "--images",
        default="mnist",
        help=f"image set: {', '.join(each.name for each in image_sets())}; or a folder, zip, .npz",
    )
    train.add_argument(
        "--size", type=int, default=28, help="rows and columns of images of one's own: 8 to 128"
    )
    train.add_argument("--colour", action="store_true", help="keep the colour of images of one's own")
    train.add_argument("--fit", default=FITS[0], choices=FITS, help="how images of one's own become square")
    train.add_argument("--download", action="store_true", help="fetch the image set if it is not here yet")
    train.add_argument("--limit", type=int, help="learn from so many images only")
    train.add_argument(
        "--begin-with",
        metavar="MODEL",
        help="go on from what a model has learned, a file or one that ships: the net is that model's own",
    )
    train.add_argument("--title", default="", help="the model's title")
    train.add_argument("--out", type=Path, default=Path("model.safetensors"), help="the file to write")
    train.add_argument("--no-umap", action="store_true", help="leave out the UMAP of more than 2 dimensions")
    for setting in (*of_config("model"), *of_config("train")):
        if setting.asked:
            _add_setting(train, setting)
    train.set_defaults(run=_train)

    bundles = commands.add_parser("bundles", help="make the models that ship", formatter_class=shows)
    names = [recipe.name for recipe in RECIPES]
    bundles.add_argument("names", nargs="*", metavar="name", help=f"which ones: {', '.join(names)}")
    bundles.add_argument("--out", type=Path, default=SHIPPED_BUNDLES, help="the folder to write to")
    bundles.add_argument("--epochs", type=int, help="train for at most so many epochs, into another folder")
    bundles.set_defaults(run=_bundles)

    measure = commands.add_parser("measure", help="print a table of models", formatter_class=shows)
    measure.add_argument("models", nargs="*", metavar="model", help="files, or names of models that ship")
    measure.add_argument("--samples", type=int, default=100, help="importance samples per image for the NLL")
    measure.add_argument("--baseline-epochs", type=int, default=100, help="of the plain mlp; 0 leaves it out")
    measure.add_argument("--limit", type=int, help="use so many images of each split only")
    measure.set_defaults(run=_measure)

    export = commands.add_parser("export", help="write a model for other programs", formatter_class=shows)
    export.add_argument("model", help="a file, or the name of a model that ships")
    export.add_argument("--onnx", action="store_true", required=True, help="as two graphs of ONNX")
    export.add_argument(
        "--out",
        type=Path,
        help="NAME.onnx writes NAME-encoder.onnx and NAME-decoder.onnx; by default the model's",
    )
    export.set_defaults(run=_export)
    return parser


def _add_setting(parser: argparse.ArgumentParser, setting: Choice | Number) -> None:
    """Make an option of a setting."""
    numbers: dict[str, Any] = {}
    what = setting.summary.removesuffix(".")
    if isinstance(setting, Number):
        numbers = {"type": int if setting.whole else float}
        what = f"{what}: {setting.range}"
    parser.add_argument(
        "--" + setting.name.replace("_", "-"),
        default=setting.default,
        choices=tuple(setting.options) if isinstance(setting, Choice) else None,
        help=what.replace("%", "%%"),
        **numbers,
    )


def _asked_settings(asked: argparse.Namespace, config: Literal["model", "train"]) -> dict[str, Any]:
    """Return what was said of one config's settings, by name."""
    return {setting.name: getattr(asked, setting.name) for setting in of_config(config) if setting.asked}


def _train(asked: argparse.Namespace) -> int:
    from vae_core.bundles.bundle import check_target, save_bundle
    from vae_core.bundles.making import make_bundle
    from vae_core.images.loading import load_image_set
    from vae_core.training.state_file import begin_at_model
    from vae_core.training.trainer import Trainer

    _check_folder(asked.out.resolve().parent)
    check_target(asked.out)
    learned = _model_path(asked.begin_with) if asked.begin_with else None
    if asked.images not in [known.name for known in image_sets()] and Path(asked.images).exists():
        images, test = _own_images(asked)
    else:
        with _download_bar() as progress:
            images = load_image_set(
                asked.images, limit=asked.limit, download=asked.download, progress=progress
            )
        test = load_image_set(asked.images, split="test")
    settings = _asked_settings(asked, "model")
    classes = len(images.label_names) if FAMILIES[settings["family"]].told_classes else 0
    if learned is None:
        model = ModelConfig(image_shape=images.image_shape, n_classes=classes, **settings)
    else:
        model = _net_to_go_on_from(learned, images)
    trainer = Trainer(images, model, TrainConfig(**_asked_settings(asked, "train")), test_set=test)
    if learned is not None:
        begin_at_model(trainer, learned)
    with _interruptible() as interrupted:
        _advance(trainer, asked.images, interrupted)
        print(f"Saving {asked.out} after {trainer.epoch:.1f} epochs", file=sys.stderr)
        umap = not asked.no_umap and not interrupted()
        save_bundle(asked.out, make_bundle(trainer, title=asked.title, umap=umap))
        return 130 if interrupted() else 0


def _net_to_go_on_from(path: Path, images: ImageSet) -> ModelConfig:
    """Return a model's net, if it can be trained further on these images.

    Raises:
        ValueError: why it cannot.
    """
    from vae_core.bundles.bundle import read_header

    model = read_header(path).model_config
    if why := why_not_gone_on(model):
        raise ValueError(f"{path.stem} cannot be trained further. {why}")
    if model.image_shape != images.image_shape:
        raise ValueError(
            f"{path.stem} draws images of shape {model.image_shape}, and these are {images.image_shape}: "
            "images of one's own can be brought at its --size, with or without --colour"
        )
    if model.n_classes not in (0, len(images.label_names)):
        raise ValueError(f"{path.stem} is told {model.n_classes} classes; these images have others")
    return model


def _own_images(asked: argparse.Namespace) -> tuple[ImageSet, ImageSet | None]:
    """Import images, say what was refused, and hold a tenth of each class out."""
    import torch

    from vae_core.images.loading import balanced_order
    from vae_core.images.uploads.importing import import_images, stratified_split

    with tqdm(desc="reading", unit="file") as bar:
        found = import_images(
            asked.images,
            size=asked.size,
            channels=3 if asked.colour else 1,
            fit=asked.fit,
            progress=lambda count, name: bar.update(count - bar.n),
        )
    for name, why in found.refused[:MOST_REFUSALS]:
        print(f"not taken: {name}: {why}", file=sys.stderr)
    if len(found.refused) > MOST_REFUSALS:
        print(f"not taken: {len(found.refused) - MOST_REFUSALS:,} more", file=sys.stderr)
    print(found.images.source, file=sys.stderr)
    images = found.images
    if asked.limit is not None:
        if asked.limit < 1:
            raise ValueError(f"limit must be at least 1 picture, not {asked.limit}")
        labels = torch.zeros(len(images)) if images.labels is None else images.labels
        images = images.take(torch.from_numpy(balanced_order(labels.numpy())[: asked.limit]))
    return stratified_split(images)


def _bundles(asked: argparse.Namespace) -> int:
    import torch

    from vae_core.bundles.bundle import save_bundle
    from vae_core.release import recipes

    known = {recipe.name: recipe for recipe in RECIPES}
    if unknown := [name for name in asked.names if name not in known]:
        raise ValueError(f"no model that ships is called {unknown[0]!r}; there are {', '.join(known)}")
    if asked.epochs is not None and asked.epochs < 1:
        raise ValueError(f"--epochs must be at least 1, not {asked.epochs}; leave it out for whole models")
    if asked.epochs is not None and asked.out == SHIPPED_BUNDLES:
        raise ValueError("--epochs makes unfinished models: name another folder with --out")
    if not asked.out.exists():
        asked.out.mkdir(parents=True)
    _check_folder(asked.out)
    torch.set_num_threads(1)  # sums depend on the number of threads, and the files should not
    with _interruptible() as interrupted:
        for name in asked.names or known:
            recipe, path = known[name], asked.out / f"{name}.safetensors"
            trainer = recipes.start(recipe)
            epochs = min(asked.epochs or recipe.train.epochs, recipe.train.epochs)
            bar = tqdm(total=epochs, desc=name, unit="epoch")
            while trainer.epoch < epochs and not interrupted():
                recipes.train_epoch(recipe, trainer)
                bar.update()
                bar.set_postfix_str(_latest(trainer))
            bar.close()
            if not (interrupted() and path.exists()):  # what was there is better than half a model
                save_bundle(path, recipes.finish(recipe, trainer, umap=not interrupted()))
            if interrupted():
                return 130
    return 0


def _measure(asked: argparse.Namespace) -> int:
    from vae_core.release import readme_tables

    greatest = number("epochs").greatest
    if asked.samples < 0:
        raise ValueError(f"--samples must be 0, which leaves the NLL out, or more; got {asked.samples}")
    if not 0 <= asked.baseline_epochs <= greatest:
        raise ValueError(f"--baseline-epochs must be from 0 to {greatest:g}; got {asked.baseline_epochs}")
    paths = [_model_path(name) for name in asked.models] or sorted(SHIPPED_BUNDLES.glob("*.safetensors"))
    if not paths:
        raise ValueError(
            f"there are no models in {SHIPPED_BUNDLES}: make them with python -m vae_core bundles"
        )
    with tqdm(desc="measuring", unit="") as bar:
        rows = readme_tables.rows(
            paths,
            nll_samples=asked.samples,
            baseline_epochs=asked.baseline_epochs,
            limit=asked.limit,
            progress=lambda what: (bar.set_postfix_str(what), bar.update()),
        )
    print(readme_tables.markdown(rows))
    return 0


def _export(asked: argparse.Namespace) -> int:
    from vae_core.bundles.bundle import check_target, load_bundle
    from vae_core.exchange.onnx_graphs import onnx_models

    path = _model_path(asked.model)
    out = asked.out or Path(f"{path.stem}.onnx")
    _check_folder(out.resolve().parent)
    stem = out.name.removesuffix(".onnx")
    files = {part: out.with_name(f"{stem}-{part}.onnx") for part in ("encoder", "decoder")}
    for file in files.values():
        check_target(file)
    for part, model in onnx_models(load_bundle(path)).items():
        write_whole(files[part], model.SerializeToString())
        print(files[part])
    return 0


def _check_folder(folder: Path) -> None:
    """Refuse, before any training, a folder into which nothing can be written.

    Raises:
        ValueError: what is wrong with it.
    """
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise ValueError(f"{folder} {what}: make that folder first, or change --out")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"nothing may be written into the folder {folder}: change its rights, or --out")


def _model_path(name: str) -> Path:
    """Return the file that is meant: a file's path comes before the name of a model that ships.

    Raises:
        ValueError: there is neither.
    """
    for path in (Path(name), SHIPPED_BUNDLES / f"{name}.safetensors"):
        if path.is_file():
            return path
    ships = ", ".join(path.stem for path in sorted(SHIPPED_BUNDLES.glob("*.safetensors")))
    raise ValueError(f"there is no file {name}, and no model that ships is called so; there are {ships}")


def _advance(trainer: Trainer, name: str, interrupted: Callable[[], bool]) -> None:
    """Train to the end, or to Ctrl-C, with a progress bar over the steps."""
    with tqdm(total=trainer.total_steps, initial=trainer.step, desc=name, unit="step") as bar:
        while not trainer.done and not interrupted():
            trainer.advance(seconds=SLICE_SECONDS, measure=False)
            bar.update(trainer.step - bar.n)
            bar.set_postfix_str(_latest(trainer))


@contextmanager
def _download_bar() -> Iterator[Callable[[float, str], None]]:
    """Show how far a download is, if there is one."""
    bar = None
    try:

        def progress(fraction: float, what: str) -> None:
            nonlocal bar
            bar = bar or tqdm(total=100, unit="%")
            bar.set_postfix_str(what, refresh=False)
            bar.update(round(100 * fraction) - bar.n)

        yield progress
    finally:
        if bar is not None:
            bar.close()


def _latest(trainer: Trainer) -> str:
    """Return the newest held-out values in a few words; those of training where none are measured."""
    entry: dict[str, Any] = trainer.history[-1] if trainer.history else {}
    family = trainer.model_config.traits
    values = [(term.title, family.value(term, entry, "test_")) for term in family.terms]
    if all(value is None for _, value in values):
        values = [(term.title, family.value(term, entry)) for term in family.terms]
    return ", ".join(f"{title} {value:.1f}" for title, value in values if value is not None)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C be asked for, and the second end the program; yields whether it was pressed."""
    pressed: list[int] = []

    def on_press(number: int, frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)
        print("\nEnding; Ctrl-C again to give up what has been learned.", file=sys.stderr)

    before = signal.signal(signal.SIGINT, on_press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main())
