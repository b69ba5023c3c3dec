"""A model of an architecture that nobody here knows is hovered and encodes: its lists are what runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data
from tests.unit.models.waves import train_waves
from vae_core.bundles.bundle import load_bundle


def test_a_new_architecture_follows_the_hand(
    tmp_path: Path, opened: Callable, site: StaticSite, errors: Errors
) -> None:
    file = train_waves(tmp_path)
    model = load_bundle(file).model
    url = site.put("/models/waves.safetensors", file.read_bytes(), "application/octet-stream")
    page = opened(component_data("explore", {"name": "waves", "url": url, "title": "Waves"}))
    before = page.evaluate("window.latentExplorer.z")
    box = page.locator("[data-role=map]").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    page.wait_for_function("(z) => window.latentExplorer.z.join() !== z.join()", arg=before)

    z, pixels, mean = page.evaluate(
        """async () => {
            const explorer = window.latentExplorer;
            const z = explorer.z;
            const pixels = await explorer.decode(z);
            const { mean } = await explorer.encode(pixels);
            return [z, Array.from(pixels), Array.from(mean)];
        }"""
    )
    with torch.no_grad():
        expected = model.decode_images(torch.tensor([z]))
        code = model.encode(expected).mean
    assert np.allclose(pixels, expected.flatten(), atol=1e-4)
    assert np.allclose(mean, code[0], atol=1e-4)
    assert not errors
