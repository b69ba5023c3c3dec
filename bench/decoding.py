"""How far the pictures that the browser decodes are from torch's, and how long they take, printed as one table.

    python -m bench.decoding

Every model that ships and each architecture at 28x28, 1,000 random latents each, in a real Chromium. Beside them
stands a stored run of onnxruntime-web on one thread, made by hand: nothing here requires it.
"""

import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright
from safetensors.torch import save_file

from bench.tools.chromium import launch
from bench.tools.table import print_table
from ui.web.compressed import pack_file
from vae_core import VAE, ModelConfig, build_model, load_bundle
from vae_core.config.configs import ARCHITECTURES
from vae_core.models.layers.layer_json import nets_to_json
from vae_core.release.recipes import SHIPPED_BUNDLES

EXPLORER = Path(__file__).resolve().parent.parent / "assets" / "explorer"
LATENTS = 1_000
PART = 50
"""Latents in one call, so that the page answers in between."""

SHEET = 144
"""Latents decoded together."""

ONNX = {"mnist-16": ("0.1-0.2", 19.2), "shapes-10": ("0.1-0.2", 21.9), "article": ("5.9", 821.0)}
"""Milliseconds that onnxruntime-web 1.30 took on one thread, WebAssembly with SIMD: for one picture and for 144.

Measured in the browser and on the machine on which ours took about as long; on another one compare ratios."""

KERNELS = EXPLORER / "decode" / "kernels"

OPEN = """async ([url, config]) => {
    const { Safetensors } = await import("/explorer/data/safetensors.js");
    const { Decoder } = await import("/explorer/decode/decoder.js");
    await (await import("/explorer/decode/kernels/kernels.js")).kernels();
    const file = new Safetensors(await (await fetch(url)).arrayBuffer());
    const weights = new Map(file.names().filter((name) => name.startsWith("decoder."))
        .map((name) => [name, { shape: file.shape(name), data: file.floats(name) }]));
    window.decoder = new Decoder(config, weights);
    window.codes = file.floats("codes");
    window.expected = file.floats("expected");
}"""

COMPARE = """([first, count]) => {
    const { decoder, codes, expected } = window;
    let worst = 0;
    const began = performance.now();
    for (let n = first; n < first + count; n++) {
        const picture = decoder.decode(codes.subarray(n * decoder.dims, (n + 1) * decoder.dims), undefined, 0);
        for (let p = 0; p < decoder.size; p++)  // Math.max keeps a NaN
            worst = Math.max(worst, Math.abs(picture[p] - expected[n * decoder.size + p]));
    }
    return [worst, (performance.now() - began) / count];
}"""


def main() -> None:
    models = {path.stem: load_bundle(path).model for path in sorted(SHIPPED_BUNDLES.glob("*.safetensors"))}
    models |= {name: build_model(ModelConfig(architecture=name, latent_dim=16)) for name in ARCHITECTURES}
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "explorer").symlink_to(EXPLORER)
        (Path(folder) / "index.html").write_text("<!doctype html><title>decoding</title>")
        handler = partial(_Quiet, directory=folder)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = launch(playwright)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        for name, model in models.items():
            worst, one = compare(page, model, Path(folder))
            sheet = page.evaluate(TOGETHER, SHEET)
            stored = ONNX.get(name, ("", None))
            onnx = [f"{stored[0]} ms", f"{stored[1]:g} ms"] if stored[1] else ["", ""]
            rows.append((name, f"{worst:.1e}", f"{one:.2f} ms", f"{sheet:.1f} ms", *onnx))
        browser.close()
        server.shutdown()
    header = (
        *(f"{LATENTS:,} latents", "largest pixel difference to torch, wanted 1e-3"),
        *("one decode", f"{SHEET} together", "onnxruntime-web, one", f"{SHEET}"),
    )
    print_table(header, rows)
    print_table(("what", "measured", "wanted"), over_the_network())


def compare(page: Page, model: VAE, folder: Path) -> tuple[float, float]:
    """Return the largest pixel difference over random latents, and the milliseconds of one decode."""
    random, config = torch.Generator().manual_seed(3), model.config
    codes = 1.5 * torch.randn(LATENTS, config.latent_dim, generator=random)
    if config.categories:
        codes = torch.randint(config.categories, codes.shape, generator=random).float()
    labels = (
        torch.zeros(LATENTS, dtype=torch.long) if config.n_classes else None
    )  # `decoder.decode` is told 0 too
    model.eval()
    with torch.no_grad():
        told = [None] * (LATENTS // 100) if labels is None else torch.split(labels, 100)
        parts = zip(torch.split(codes, 100), told, strict=True)
        expected = torch.cat([model.decode_images(z, y) for z, y in parts])
    decoder = {f"decoder.{key}": value.float() for key, value in model.decoder.state_dict().items()}
    save_file({**decoder, "codes": codes, "expected": expected}, folder / "model.safetensors")
    told_page = {**config.to_dict(), "layers": nets_to_json(config.layers()), "categories": config.categories}
    page.evaluate(OPEN, ["/model.safetensors", told_page])
    found = [page.evaluate(COMPARE, [first, PART]) for first in range(0, LATENTS, PART)]
    worst = float(torch.tensor([difference for difference, _ in found]).max())
    return worst, sorted(took for _, took in found)[len(found) // 2]


TOGETHER = """(count) => {
    const { decoder, codes } = window;
    const out = new Float32Array(count * decoder.size);
    const part = codes.subarray(0, count * decoder.dims);
    const took = [];
    for (let k = 0; k < 15; k++) {
        const began = performance.now();
        decoder.decode(part, out);
        took.push(performance.now() - began);
    }
    return took.sort((a, b) => a - b)[7];
}"""


def over_the_network() -> list[tuple[str, str, str]]:
    """Say how many bytes the kernels are as they are sent; a browser gets one of the builds."""
    sizes = [len(pack_file(path.read_bytes()).body) for path in KERNELS.glob("*.wasm")]
    return [("kernels over the network, the largest build", f"{max(sizes) / 1e3:.1f} kB", "30 kB")]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the table is what is printed."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


if __name__ == "__main__":
    main()
