"""How fast `Trainer` trains, against the plain loop of `bench/plain/textbook.py`, printed as one table.

    python -m bench.training            60,000 images, ten epochs, three seeds: a quarter of an hour on two cores
    python -m bench.training --quick    the speeds alone, one epoch each
    python -m bench.training --families the speed of each family against `vae` with the same nets

Uses all of Fashion-MNIST where it is here, else the sample that ships, six times over. Both loops run in
this process, an epoch of each in turn, so that a busy machine slows both: quote the ratios.
"""

import argparse
import statistics
import time
from dataclasses import replace

import torch

from bench.plain import textbook
from bench.tools.table import print_table
from vae_core import VAE, ImageSet, ModelConfig, TrainConfig, Trainer, elbo_terms, image_sets, load_image_set
from vae_core.config.families import FAMILIES

MLP = ModelConfig(architecture="mlp", latent_dim=20)
CONV = ModelConfig(architecture="conv", latent_dim=16)
SECONDS = 60.0

IMPORTANCE_SAMPLES = 8
SPEEDS = (
    ("vae", ""),
    ("autoencoder", ""),
    ("beta_tc", "60 %"),
    ("conditional", "90 %"),
    ("concrete", "70 %"),
    ("iwae", f"{0.6 / IMPORTANCE_SAMPLES:.1%}"),
    ("gan", "40 %"),
)
"""How fast each family must be, as a share of `vae`'s speed."""

STEPS = 40
"""Steps in one measuring."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the speeds alone")
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each loop for the speeds")
    parser.add_argument("--epochs", type=int, default=10, help="epochs for the ELBO")
    parser.add_argument("--seeds", type=int, default=3, help="seeds for the ELBO")
    parser.add_argument("--families", action="store_true", help="the speeds of the families alone")
    options = parser.parse_args()
    train_set, test_set = sixty_thousand()
    print(f"{len(train_set):,} images of {train_set.title}, {torch.get_num_threads()} threads\n")
    if options.families:
        print_table(("what", "vae", "family", "ratio", "wanted"), families(train_set, options.rounds))
        return
    rows = speed(train_set, test_set, options.rounds)
    if not options.quick:
        rows += same_elbo(train_set, test_set, options.epochs, options.seeds)
        rows += widths(options.seeds)
    print_table(("what", "textbook", "Trainer", "ratio or difference", "wanted"), rows)


def speed(train_set: ImageSet, test_set: ImageSet, rounds: int) -> list[tuple[str, ...]]:
    """Time one epoch of each loop in turn; the medians."""
    rows: list[tuple[str, ...]] = []
    for name, config, wanted in (("mlp", MLP, "3 times"), ("conv", CONV, "1.5 times")):
        plain, ours = [], []
        for seed in range(rounds):
            train = TrainConfig(epochs=1, seed=seed)
            plain += textbook.train(train_set, config, train)[1]
            ours.append(Trainer(train_set, config, train, test_set=test_set).advance().seconds)
        a, b = statistics.median(plain), statistics.median(ours)
        rows.append((f"{name}: one epoch", f"{a:.1f} s", f"{b:.1f} s", f"{a / b:.2f} times", wanted))
        per_second = [f"{len(train_set) / seconds:,.0f}" for seconds in (a, b)]
        rows.append((f"{name}: images a second", *per_second, f"{a / b:.2f} times", wanted))
    return rows


def families(train_set: ImageSet, rounds: int) -> list[tuple[str, ...]]:
    """Time steps of each family and of `vae` in turn, `conv`, batch 128; the medians of the ratios."""
    trainers = {}
    for name, wanted in SPEEDS:
        classes = len(train_set.label_names) if FAMILIES[name].told_classes else 0
        model = replace(CONV, latent_dim=10, family=name, n_classes=classes)
        samples = IMPORTANCE_SAMPLES if name == "iwae" else 1
        train = TrainConfig(epochs=500, batch_size=128, importance_samples=samples)
        trainers[name] = Trainer(train_set, model, train), wanted
        trainers[name][0].advance(steps=STEPS, measure=False)
    seconds: dict[str, list[float]] = {name: [] for name in trainers}
    for _ in range(3 * rounds):
        for name, (trainer, _) in trainers.items():
            began = time.perf_counter()
            trainer.advance(steps=STEPS, measure=False)
            seconds[name].append(time.perf_counter() - began)
    rows: list[tuple[str, ...]] = []
    for name, (_, wanted) in trainers.items():
        ratio = statistics.median(a / b for a, b in zip(seconds["vae"], seconds[name], strict=True))
        paces = [f"{128 * STEPS / statistics.median(seconds[each]):,.0f}" for each in ("vae", name)]
        rows.append((f"{name}: images a second", *paces, f"{ratio:.0%}", wanted))
    return rows[1:]


def same_elbo(train_set: ImageSet, test_set: ImageSet, epochs: int, seeds: int) -> list[tuple[str, ...]]:
    """Train both ways from the same weights and compare the test ELBO."""
    rows: list[tuple[str, ...]] = []
    for name, config in (("mlp", MLP),):
        plain, ours = [], []
        for seed in range(seeds):
            train = TrainConfig(epochs=epochs, seed=seed)
            plain.append(test_elbo(textbook.train(train_set, config, train)[0], test_set))
            trainer = Trainer(train_set, config, train, test_set=test_set)
            while not trainer.done:
                trainer.advance(measure=False)
            ours.append(test_elbo(trainer.model, test_set))
        a, b = statistics.mean(plain), statistics.mean(ours)
        what = f"{name}: test ELBO after {epochs} epochs, mean of {seeds} seeds"
        rows.append((what, f"{a:.2f}", f"{b:.2f}", f"{b - a:+.2f} nats", "within 1 nat"))
    return rows


def widths(seeds: int) -> list[tuple[str, ...]]:
    """Train `conv` for a minute at width 1 and at width 2 and compare the test ELBO."""
    train_set, test_set = load_image_set("fashion"), load_image_set("fashion", split="test")
    elbos: dict[float, list[float]] = {1.0: [], 2.0: []}
    for seed in range(seeds):
        for width, found in elbos.items():
            trainer = Trainer(
                train_set, replace(CONV, width=width), TrainConfig(epochs=500, seed=seed), test_set=test_set
            )
            while trainer.seconds < SECONDS:
                trainer.advance(seconds=min(2.0, SECONDS - trainer.seconds), measure=False)
            found.append(test_elbo(trainer.model, test_set))
    narrow, wide = (statistics.mean(found) for found in elbos.values())
    what = f"conv: test ELBO after {SECONDS:.0f} s on fashion, mean of {seeds} seeds"
    return [
        (what, f"width 2: {wide:.2f}", f"width 1: {narrow:.2f}", f"{narrow - wide:+.2f} nats", "0 or more")
    ]


def test_elbo(model: VAE, test_set: ImageSet) -> float:
    """Return the mean test ELBO in nats, with the same noise for every model."""
    generator = torch.Generator().manual_seed(0)
    model.eval()
    with torch.no_grad():
        parts = [
            elbo_terms(model, images.float() / 255, generator=generator, n_samples=4).elbo
            for images in torch.split(test_set.images, 500)
        ]
    model.train()
    return float(torch.cat([part for part in parts if part is not None]).mean())


def sixty_thousand() -> tuple[ImageSet, ImageSet]:
    """Return all of Fashion-MNIST, or its sample repeated to the same size."""
    here = {info.name for info in image_sets() if info.available}
    if "fashion_full" in here:
        return load_image_set("fashion_full"), load_image_set("fashion_full", split="test")
    train_set, test_set = load_image_set("fashion"), load_image_set("fashion", split="test")
    return train_set.take(torch.arange(len(train_set)).repeat(6)), test_set


if __name__ == "__main__":
    main()
