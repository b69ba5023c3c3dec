"""The lines that the README shows do what it says, as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from vae_core import load_bundle

ROOT = Path(__file__).resolve().parents[3]


def lines():
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Nets trained elsewhere")[2]
    found = re.search(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert found
    return found[1]


def test_they_are_few():
    assert len([line for line in lines().splitlines() if line.strip()]) <= 10


@pytest.mark.process
def test_they_make_a_model_file_of_others_weights(tmp_path):
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 2 * 20))
    decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784), nn.Sigmoid())
    torch.save(encoder.state_dict(), tmp_path / "encoder.pt")
    torch.save(decoder.state_dict(), tmp_path / "decoder.pt")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", lines()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "sigmoid taken off" in done.stdout
    bundle = load_bundle(tmp_path / "my-vae.safetensors")
    assert bundle.card["title"] == "My VAE"
    assert len(bundle.image_set["label_names"]) == 10
    x = bundle.probe.images[:5].float() / 255
    with torch.no_grad():
        mean, logvar = encoder(x).chunk(2, dim=1)
        picture = decoder(mean).reshape(5, 1, 28, 28)
        posterior = bundle.model.encode(x)
        torch.testing.assert_close(posterior.mean, mean, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(posterior.logvar, logvar, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(bundle.model.decode_images(mean), picture, rtol=1e-5, atol=1e-5)
