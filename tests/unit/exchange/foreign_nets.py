"""VAEs as others write them, in the usual ways of scripts and tutorials; none knows of this project."""

import torch
import torch.nn.functional as F
from torch import nn


class TwoHeads(nn.Module):
    """The first VAE of most scripts: dense layers, two heads, a sigmoid, images flattened outside."""

    def __init__(self, dims=5, pixels=144):
        super().__init__()
        self.pixels = pixels
        self.fc1 = nn.Linear(pixels, 40)
        self.fc21 = nn.Linear(40, dims)
        self.fc22 = nn.Linear(40, dims)
        self.fc3 = nn.Linear(dims, 40)
        self.fc4 = nn.Linear(40, pixels)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, self.pixels))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


class ConvVAE(nn.Module):
    """Convolutions, batch norm and dropout, with one dense layer for both halves, divided by `chunk`."""

    def __init__(self, channels=1, side=12, dims=4):
        super().__init__()
        self.quarter = side // 4
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 8, 4, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.2),
            nn.Dropout2d(0.1),
            nn.Conv2d(8, 16, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(16 * self.quarter**2, 2 * dims),
        )
        self.from_code = nn.Linear(dims, 16 * self.quarter**2)
        self.up1 = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1)
        self.up2 = nn.ConvTranspose2d(8, channels, 4, 2, 1)

    def encode(self, x):
        mean, logvar = self.encoder(x).chunk(2, dim=1)
        return mean, logvar

    def decode(self, z):
        x = self.from_code(z)
        x = x.view(x.size(0), 16, self.quarter, self.quarter)
        x = F.relu(self.up1(F.dropout(x, training=self.training)))
        return torch.sigmoid(self.up2(x))


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding="same"),
        )

    def forward(self, x):
        return F.relu(x + self.body(x))


def residual_nets(channels=1, side=12, dims=3):
    """Residuals in both nets, of convolutions and of dense layers, one within another."""
    encoder = nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1),
        Block(6),
        nn.AvgPool2d(2),
        Block(6),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        Dense(24),
        nn.Linear(24, 2 * dims),
    )
    decoder = nn.Sequential(
        nn.Linear(dims, 24),
        Dense(24),
        nn.Unflatten(1, (6, 2, 2)),
        nn.Upsample(size=(side, side)),
        Block(6),
        nn.Conv2d(6, channels, 3, padding=1),
        nn.Sigmoid(),
    )
    return encoder, decoder


class Dense(nn.Module):
    """A residual of dense layers with another one inside."""

    def __init__(self, numbers, depth=1):
        super().__init__()
        self.first = nn.Linear(numbers, numbers)
        self.inner = Dense(numbers, 0) if depth else nn.Linear(numbers, numbers)

    def forward(self, x):
        return self.inner(F.elu(self.first(x))) + x


def upsampling_nets(channels=1, side=12, dims=6):
    """Nearest upsampling and SiLU; the code enters a transposed convolution, as in a DCGAN."""
    encoder = nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1),
        nn.SiLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1, groups=2),
        nn.SiLU(inplace=True),
        nn.Conv2d(8, 12, 3, padding=2, dilation=2),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(12 * (side // 2) ** 2, 20),
        nn.SELU(),
        nn.Linear(20, 2 * dims),
    )
    decoder = nn.Sequential(
        nn.ConvTranspose2d(dims, 12, side // 4),
        nn.SiLU(),
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(12, 8, 3, padding=1),
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(8, 8, 4, padding="same"),
        nn.PReLU(),
        nn.Conv2d(8, channels, 1),
    )
    return encoder, decoder


class ConvHeads(nn.Module):
    """Two heads that are convolutions, and images brought to -1..1 before and back again behind."""

    def __init__(self, side=12):
        super().__init__()
        self.down = nn.Conv2d(1, 4, 4, 4)
        self.mean = nn.Conv2d(4, 1, 1)
        self.logvar = nn.Conv2d(4, 1, 1)
        self.up = nn.ConvTranspose2d(1, 1, 4, 4)
        self.quarter = side // 4

    def encode(self, x):
        h = torch.tanh(self.down(x * 2 - 1))
        return self.mean(h).flatten(1), self.logvar(h).flatten(1)

    def decode(self, z):
        z = z.reshape(-1, 1, self.quarter, self.quarter)
        return (torch.tanh(self.up(z)) + 1) / 2


def lively(module, seed=0):
    """Give a module's batch norms statistics that are not the trivial ones, and leave it in train mode."""
    random = torch.Generator().manual_seed(seed)
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d | nn.BatchNorm1d):
            each.running_mean.copy_(torch.randn(each.num_features, generator=random) / 3)
            each.running_var.copy_(torch.rand(each.num_features, generator=random) + 0.5)
            nn.init.uniform_(each.weight, 0.5, 1.5, generator=random)
            nn.init.uniform_(each.bias, -0.5, 0.5, generator=random)
    return module.train()
