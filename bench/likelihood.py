"""How likely a VAE of 784-200-200-50 finds Fashion-MNIST after so many seconds, beside the textbook's loop.

    python -m bench.likelihood                 250 seconds of training each
    python -m bench.likelihood --seconds 60 --learning-rates 0.001,0.002

All of Fashion-MNIST, every pixel drawn black or white anew at each visit; the NLL is the importance-weighted
bound with 5,000 samples of 500 held-out images, each drawn once. Both begin with the same weights.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace

import torch

from bench.plain import textbook
from bench.tools.table import print_table
from bench.training import sixty_thousand
from vae_core import VAE, ImageSet, ModelConfig, TrainConfig, Trainer
from vae_core.measures.evaluate import importance_nll
from vae_core.models.architectures.parts import RELU, NetConfig, heads
from vae_core.models.layers.kinds import Dense, Flatten, Reshape
from vae_core.models.layers.lists import Nets

NAME = "784-200-200-50"
SAMPLES, IMAGES = 5_000, 500


def two_hidden(config: NetConfig) -> Nets:
    """Return two hidden layers of 200 units each way, as in arXiv:1509.00519."""
    encoder = (
        Flatten(),
        Dense("encoder.dense1", 200),
        RELU,
        Dense("encoder.dense2", 200),
        RELU,
        heads(config),
    )
    decoder = (
        Dense("decoder.dense1", 200, exact=True),
        RELU,
        Dense("decoder.dense2", 200),
        RELU,
        Dense("decoder.output", math.prod(config.image_shape)),
        Reshape(config.image_shape),
    )
    return encoder, decoder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.likelihood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=250.0)
    parser.add_argument("--learning-rates", default="0.001")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    train_set, test_set = sixty_thousand()
    print(f"{len(train_set):,} images of {train_set.title}, {torch.get_num_threads()} threads\n")
    shape = ModelConfig(latent_dim=50)
    config = replace(shape, architecture=NAME, nets=two_hidden(shape))
    recipe = TrainConfig(epochs=500, binarize="dynamic", seed=options.seed, learning_rate=1e-3)
    model, epochs = textbook.train(train_set, config, recipe, seconds=options.seconds)
    plain = nll(model, test_set)
    rows = [("the textbook's loop, 0.001", f"{sum(epochs):.0f} s", f"{len(epochs)}", f"{plain:.2f}", "")]
    for rate in map(float, options.learning_rates.split(",")):
        model, seconds, done = ours(train_set, config, recipe.replace(learning_rate=rate), options.seconds)
        found = nll(model, test_set)
        what = f"Trainer, {rate:g}"
        rows.append((what, f"{seconds:.0f} s", f"{done:.1f}", f"{found:.2f}", f"{found - plain:+.2f}"))
    print_table(("what", "training", "epochs", "NLL in nats", "difference; wanted: -1.0"), rows)


def ours(
    train_set: ImageSet, config: ModelConfig, train: TrainConfig, seconds: float
) -> tuple[VAE, float, float]:
    """Train for so long; return the model, the seconds and the epochs."""
    trainer = Trainer(train_set, config, train)
    began = time.perf_counter()
    while (left := seconds - (time.perf_counter() - began)) > 0:
        trainer.advance(seconds=min(2.0, left), measure=False)
    return trainer.model, time.perf_counter() - began, trainer.step / (len(train_set) / train.batch_size)


def nll(model: VAE, test_set: ImageSet) -> float:
    """Return the mean NLL of some held-out images, drawn black or white by the same chance for every model."""
    generator = torch.Generator().manual_seed(0)
    grey = test_set.images[:IMAGES].float() / 255
    x = torch.bernoulli(grey, generator=generator)
    model.eval()
    return float(importance_nll(model, x, n_samples=SAMPLES, generator=generator).mean())


if __name__ == "__main__":
    main()
