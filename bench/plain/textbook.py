"""The plain way to train a VAE, as tutorials write it: what `Trainer` is measured against.

A map-style dataset of PIL images, `ToTensor`, a `DataLoader`, probabilities from a sigmoid, the loss of
https://github.com/pytorch/examples/tree/main/vae, eager Adam, the loss read at every step. Nothing is slowed
down on purpose, and the nets are the app's own with torch's layers as they come.
"""

import math
import time
from typing import Any

import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from vae_core import VAE, ImageSet, ModelConfig, TrainConfig, build_model
from vae_core.images.torchvision_import import import_torchvision


class PictureDataset(Dataset[tuple[Any, int]]):
    """Give one picture at a time, as torchvision's MNIST and FashionMNIST do."""

    def __init__(self, image_set: ImageSet, transform: Any) -> None:
        assert image_set.labels is not None
        self.data = image_set.images[:, 0]
        self.targets = image_set.labels
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        picture, target = self.data[index], int(self.targets[index])
        return self.transform(Image.fromarray(picture.numpy())), target


def train(
    image_set: ImageSet, model_config: ModelConfig, train_config: TrainConfig, *, seconds: float = math.inf
) -> tuple[VAE, list[float]]:
    """Train a model the plain way.

    Args:
        image_set: what it learns from.
        model_config: of the model.
        train_config: epochs, batch size, learning rate, seed, and whether pixels are drawn black or white.
        seconds: after which it ends within an epoch.

    Returns:
        The model, and the seconds that each epoch took.
    """
    import_torchvision()
    from torchvision import transforms

    torch.manual_seed(train_config.seed)
    dataset = PictureDataset(image_set, transforms.ToTensor())
    loader = DataLoader(dataset, batch_size=train_config.batch_size, shuffle=True)
    model = build_model(model_config, seed=train_config.seed)
    use_plain_layers(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=train_config.learning_rate)

    taken: list[float] = []
    for _ in range(train_config.epochs):
        began = time.perf_counter()
        total = 0.0
        for x, _labels in loader:
            if sum(taken) + time.perf_counter() - began > seconds:
                break
            if train_config.binarize == "dynamic":
                x = torch.bernoulli(x)
            optimizer.zero_grad()
            posterior = model.encode(x)
            assert posterior.logvar is not None
            z = posterior.mean + torch.exp(0.5 * posterior.logvar) * torch.randn_like(posterior.mean)
            reconstruction = torch.sigmoid(model.decode(z))
            distortion = F.binary_cross_entropy(reconstruction, x, reduction="sum")
            kl = -0.5 * torch.sum(1 + posterior.logvar - posterior.mean.pow(2) - posterior.logvar.exp())
            loss = distortion + kl
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.item()
        taken.append(time.perf_counter() - began)
        if sum(taken) > seconds:
            break
    return model, taken


def use_plain_layers(model: nn.Module) -> None:
    """Put `nn.ConvTranspose2d` where the app's nets have their own faster one, with the same weights."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ConvTranspose2d):
                setattr(parent, name, _plain(child))


def _plain(layer: nn.ConvTranspose2d) -> nn.ConvTranspose2d:
    """Return torch's own layer of the same size, square as all here are, with the same weights."""
    plain = nn.ConvTranspose2d(
        layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0],
        int(layer.padding[0]), layer.output_padding[0], bias=layer.bias is not None,
    )  # fmt: skip
    plain.load_state_dict(layer.state_dict())
    return plain
