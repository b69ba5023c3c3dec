"""A new architecture, as someone would add one: a function and its entry in a copy of the core."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

FUNCTION = '''"""The architecture "waves"."""

import math

from vae_core.models.architectures.parts import NetConfig, heads, label
from vae_core.models.layers.kinds import Activation, Dense, Flatten, Reshape, Residual, Upsample
from vae_core.models.layers.lists import Nets
from vae_core.models.layers.windows import AveragePool, Convolution


def waves(config: NetConfig) -> Nets:
    """Return a net with pools, residuals and repeated pixels."""
    channels, height, width = config.image_shape
    rows, columns = height // 2, width // 2
    encoder = (
        Convolution("encoder.conv1", 4, (3, 3), padding=(1, 1)),
        Activation("silu"),
        AveragePool((2, 2), (2, 2)),
        Flatten(),
        *label(config),
        Dense("encoder.dense1", 24),
        Residual((Activation("elu"), Dense("encoder.dense2", 24))),
        heads(config),
    )
    decoder = (
        *label(config),
        Dense("decoder.dense1", 4 * rows * columns),
        Activation("gelu"),
        Reshape((4, rows, columns)),
        Upsample((2, 2)),
        Convolution("decoder.output", channels, (3, 3), padding=(1, 1)),
    )
    return encoder, decoder
'''

LIFE = """
import sys
import torch
from vae_core import ImageSet, ModelConfig, TrainConfig, Trainer, load_bundle, save_bundle
from vae_core.bundles.bundle import read_header
from vae_core.config.configs import count_weights, offered_architectures
from vae_core.config.settings import choice

assert "waves" in choice("architecture").options and "waves" in offered_architectures((1, 8, 8))
images = (torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 255).to(torch.uint8)
found = ImageSet("noise", "Noise", images, torch.arange(64) % 3, ("a", "b", "c"), None, (), "", "")
config = ModelConfig((1, 8, 8), 2, "waves")
trainer = Trainer(found, config, TrainConfig(epochs=2, batch_size=16))
assert sum(weight.numel() for weight in trainer.model.parameters()) == count_weights(config)
while not trainer.done:
    trainer.advance()
bundle = trainer.bundle()
save_bundle(sys.argv[1], bundle)
back = load_bundle(sys.argv[1])
z = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
with torch.no_grad():
    assert torch.equal(back.model.decode_images(z), bundle.model.decode_images(z))
assert read_header(sys.argv[1]).model_config == config
"""


def run(code: str, where: Path, *arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(where)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=where, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def train_waves(folder: Path) -> Path:
    """Copy the core, add the architecture to it, train and save a model; give its file."""
    shutil.copytree(ROOT / "vae_core", folder / "vae_core", ignore=shutil.ignore_patterns("__pycache__"))
    room = folder / "vae_core" / "models" / "architectures"
    (room / "waves.py").write_text(FUNCTION)
    entries = (room / "__init__.py").read_text()
    entries = entries.replace(
        "from vae_core.models.architectures.parts import NetConfig\n",
        "from vae_core.models.architectures.parts import NetConfig\n"
        "from vae_core.models.architectures.waves import waves\n",
    )
    before = "    for architecture in (\n"
    assert before in entries
    entry = '        Architecture("waves", "one of a test", waves, has_width=False),\n'
    (room / "__init__.py").write_text(entries.replace(before, before + entry))
    model = folder / "waves.safetensors"
    run(LIFE, folder, str(model))
    return model
