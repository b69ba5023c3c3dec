"""The trick: two estimators of one slope, through the draw and by the score, and their variances."""

import torch

HIDDEN = 16
DRAWS = 1000
NOISE = 0.15
DEVIATIONS = (0.2, 0.1, 0.03)

generator = torch.Generator().manual_seed(0)
decoder = torch.nn.Sequential(torch.nn.Linear(1, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 2))
t = torch.linspace(-1.4, 1.4, 40)
points = torch.stack([1.25 * t, 1.1 * t * t - 1], dim=1) + 0.12 * torch.randn(40, 2, generator=generator)
mean = torch.zeros(40, requires_grad=True)
logsd = torch.full((40,), -1.0, requires_grad=True)
adam = torch.optim.Adam([*decoder.parameters(), mean, logsd], lr=0.02)


def misfit(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Return -log p(x|z) without its constant, for each z."""
    return (x - decoder(z[:, None])).square().sum(1) / (2 * NOISE**2)


for _ in range(660):
    z = mean + logsd.exp() * torch.randn(40, generator=generator)
    kl = 0.5 * (mean**2 + torch.exp(2 * logsd) - 1) - logsd
    loss = (misfit(points, z) + kl).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
print(f"loss {loss.item():.3f} nats")

x, mu = points[30], mean[30].detach()
for sd in DEVIATIONS:
    noise = torch.randn(DRAWS, generator=generator)
    z = (mu + sd * noise).requires_grad_()
    values = misfit(x, z)
    (through_the_draw,) = torch.autograd.grad(values.sum(), z)  # dz / dmu = 1
    by_the_score = values.detach() * noise / sd
    ratio = by_the_score.var() / through_the_draw.var()
    means = f"{through_the_draw.mean():.2f} and {by_the_score.mean():.2f}"
    print(f"sd {sd}: means {means}, variances {ratio:.1f} : 1")
