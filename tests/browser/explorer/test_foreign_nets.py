"""Nets of other people's scripts are hovered in the browser, and encode there, as their own modules do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data
from tests.unit.exchange.foreign_nets import TwoHeads, lively, residual_nets, upsampling_nets
from vae_core import bundle_from_modules
from vae_core.bundles.bundle import pack_bundle


def images() -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (40, 1, 12, 12), generator=random).to(torch.uint8)


def opened_bundle(kind: str) -> tuple[bytes, Callable | None, Callable]:
    """Return a bundle's file, and functions from images to means and from codes to pictures."""
    if kind == "two heads":
        vae = TwoHeads(5)
        bundle = bundle_from_modules(vae.encode, vae.decode, images())
        return pack_bundle(bundle), lambda x: vae.encode(x.flatten(1))[0], vae.decode
    if kind == "upsampling":
        encoder, decoder = upsampling_nets()
        bundle = bundle_from_modules(encoder, decoder, images())
        return (
            pack_bundle(bundle),
            lambda x: encoder(x)[:, :6],
            lambda z: torch.sigmoid(decoder(z[:, :, None, None])),
        )
    encoder, decoder = (lively(net).eval() for net in residual_nets())
    read = encoder if kind == "residuals" else None
    bundle = bundle_from_modules(read, decoder, images())
    return pack_bundle(bundle), read and (lambda x: read(x)[:, :3]), decoder


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("kind", ["two heads", "upsampling", "residuals", "no encoder"])
def test_others_nets_follow_the_hand(kind: str, opened: Callable, site: StaticSite, errors: Errors) -> None:
    data, encode, decode = opened_bundle(kind)
    url = site.put("/models/foreign.safetensors", data, "application/octet-stream")
    page = opened(component_data("explore", {"name": "foreign", "url": url, "title": "From afar"}))
    before = page.evaluate("window.latentExplorer.z")
    if encode is None:
        slider = page.locator("[data-role=slider-0]")
        slider.focus()
        page.keyboard.press("ArrowRight")
    else:
        box = page.locator("[data-role=map]").bounding_box()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    page.wait_for_function("(z) => window.latentExplorer.z.join() !== z.join()", arg=before)

    z, pixels = page.evaluate(
        """async () => {
            const { z } = window.latentExplorer;
            return [z, Array.from(await window.latentExplorer.decode(z))];
        }"""
    )
    with torch.no_grad():
        picture = decode(torch.tensor([z])).reshape(1, 1, 12, 12)
    assert np.allclose(pixels, picture.flatten(), atol=1e-4)
    if encode is not None:
        script = "async (image) => (await window.latentExplorer.encode(new Float32Array(image))).mean"
        mean = page.evaluate(f"async (image) => Array.from(await ({script})(image))", pixels)
        with torch.no_grad():
            assert np.allclose(mean, encode(picture)[0], atol=1e-4)
    assert not errors
