"""Holes: decode the same draws from N(0, 1) by an autoencoder and by a VAE."""

import torch

from vae_core import ModelConfig, TrainConfig, Trainer, load_bundle, load_image_set

IMAGES = "digits"
MODEL = {"architecture": "mlp", "width": 0.25, "family": "autoencoder", "latent_dim": 2}
TRAIN = {"epochs": 20, "learning_rate": 0.005}
BESIDE = "assets/bundles/digits-2.safetensors"
DRAWS = 24

train_set = load_image_set(IMAGES)
test_set = load_image_set(IMAGES, split="test")
shape = tuple(train_set.images.shape[1:])
trainer = Trainer(train_set, ModelConfig(image_shape=shape, **MODEL), TrainConfig(**TRAIN), test_set=test_set)
while not trainer.done:
    snapshot = trainer.advance()
print("spread of the autoencoder's codes:", snapshot.probe_mean.square().mean().sqrt().item())

draws = torch.randn(DRAWS, 2, generator=torch.Generator().manual_seed(0))
images = test_set.images.float() / 255
for name, model in (("autoencoder", trainer.model), ("VAE", load_bundle(BESIDE).model)):
    with torch.no_grad():
        pictures = model.eval().decode_images(draws)
    differences = (pictures[:, None] - images[None]).square().mean(dim=(2, 3, 4))  # (DRAWS, N)
    nearest = differences.min(dim=1)
    kinds = test_set.labels[nearest.indices].unique().numel()
    print(f"{name}: {kinds} kinds of digits, {nearest.values.mean():.4f} from the nearest image")
