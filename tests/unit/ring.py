"""Eight Gaussians on a ring, and a small GAN that learns them, or drops some of them.

The setting of arXiv:1611.02163 (section 3.2), on a ring of radius 1. `python -m tests.unit.ring` counts modes
of five seeds, with R1 and without, after as many steps as the test takes and after three times as many.
"""

import math
from contextlib import nullcontext
from types import SimpleNamespace

import torch
from torch import nn

from vae_core.config.configs import TrainConfig
from vae_core.config.families import FAMILIES
from vae_core.models.family import StepContext, objective_of
from vae_core.training.descent import Descent

MODES = 8
DEVIATION = 0.05
NEAR = 3 * DEVIATION
HIDDEN = 64
NOISE = 8
BATCH = 128
STEPS = 300


def centres():
    """(8, 2)."""
    angle = torch.arange(MODES) * 2 * math.pi / MODES
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def points(count, generator):
    """Draw from the ring, as images of one row of two pixels, (count, 1, 1, 2)."""
    which = torch.randint(MODES, (count,), generator=generator)
    noise = torch.randn(count, 2, generator=generator)
    return (centres()[which] + DEVIATION * noise).view(count, 1, 1, 2)


def net(inputs, outputs):
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN),
        nn.LeakyReLU(0.1),
        nn.Linear(HIDDEN, HIDDEN),
        nn.LeakyReLU(0.1),
        nn.Linear(HIDDEN, outputs),
    )


class Ring:
    """What a step of the family moves, in two dimensions."""

    def __init__(self, seed, *, learning_rate=1e-3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.generator, judge = net(NOISE, 2), net(2, 1)
        self.discriminator = nn.Sequential(nn.Flatten(), judge)
        self.model = SimpleNamespace(
            config=SimpleNamespace(latent_dim=NOISE),
            decode=lambda z: self.generator(z).view(-1, 1, 1, 2),
            images_of=lambda parameters: parameters,
        )
        self.noise = torch.Generator().manual_seed(seed)
        self.rounding = nullcontext
        self.descents = {}
        for each, own in zip(FAMILIES["gan"].optimizers, (self.discriminator, self.generator), strict=True):
            moved = Descent(
                dict(own.named_parameters()), torch.device("cpu"), betas=each.betas, pace=each.pace
            )
            moved.set(learning_rate=learning_rate, weight_decay=0.0)
            self.descents[each.name] = moved

    def descend(self, loss, optimizer=""):
        self.descents[optimizer].step(loss)

    def learn(self, steps, *, r1_weight):
        at = StepContext(TrainConfig(r1_weight=r1_weight), 0, steps, BATCH)
        for _ in range(steps):
            terms = objective_of("gan").step(self, points(BATCH, self.noise), None, at)
        return terms

    def modes(self):
        """Count the Gaussians that get at least a hundredth of 2,000 samples within three deviations."""
        z = torch.randn(2_000, NOISE, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            distance, nearest = torch.cdist(self.generator(z), centres()).min(dim=1)
        hits = torch.bincount(nearest[distance < NEAR], minlength=MODES)
        return int((hits >= 20).sum())


def main():
    for weight in (0.1, 1.0, 0.0):
        found = []
        for seed in range(5):
            ring = Ring(seed)
            ring.learn(STEPS, r1_weight=weight)
            soon = ring.modes()
            ring.learn(2 * STEPS, r1_weight=weight)
            found.append(f"{soon} then {ring.modes()}")
        print(f"R1 {weight:g}: modes of {MODES} with seeds 0 to 4: {', '.join(found)}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
