"""A new family is one file and its entry: tried in a copy of the project, from Start to the hand on it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import ROOT, Errors, running_app
from tests.browser.waiting import two_frames

FILE: Final = '''"""An autoencoder whose code is clipped to the square from -1 to 1."""

from torch import Tensor

from vae_core.config.configs import ModelConfig
from vae_core.models.distributions import Posterior
from vae_core.models.families.autoencoder import Autoencoder


class Clipped(Autoencoder):
    def code(self, encoded: Tensor, config: ModelConfig) -> Posterior:
        return Posterior(encoded.clamp(-1, 1), None)


OBJECTIVE = Clipped()
'''

ENTRY: Final = """
        Family(
            name="clipped",
            help="an autoencoder whose code cannot leave a square.",
            latent_kind="point",
            has_likelihood=False,
            terms=(LOG_LIKELIHOOD,),
            settings=("likelihood",),
        ),
    )
}
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with one file and one entry more."""
    root = tmp_path / "project"
    for folder in ("vae_core", "ui", "pages", "assets", ".streamlit"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", root)
    (root / "vae_core" / "models" / "families" / "clipped.py").write_text(FILE, encoding="utf-8")
    table = root / "vae_core" / "config" / "families.py"
    text = table.read_text(encoding="utf-8")
    end = "\n    )\n}\n"
    assert text.count(end) == 1
    table.write_text(text.replace(end, ENTRY), encoding="utf-8")
    return root


@pytest.fixture
def url(copy: Path, tmp_path: Path) -> Iterator[str]:
    home = tmp_path / "home"
    home.mkdir()
    with running_app(home, root=copy) as address:
        yield address


def test_it_trains_is_saved_opened_and_hovered(url: str, new_page: Callable[..., Page]) -> None:
    page, errors = new_page(viewport={"width": 1280, "height": 1000}), Errors()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/train?train_images=digits&train_architecture=mlp&train_family=clipped&train_epochs=20")
    start = page.locator(".st-key-train_start button").first
    expect(start).to_be_enabled()
    start.click()
    expect(page.get_by_text(re.compile(r"^Done\b")).first).to_be_visible()
    page.wait_for_function("window.latentExplorer.points.length >= 100")
    reach = page.evaluate("Math.max(...window.latentExplorer.points.flat().map(Math.abs))")
    assert 0.5 < reach <= 1.001
    charts = page.locator(".le-charts .le-chart-title")
    expect(charts).to_have_count(1)
    expect(charts.first).to_contain_text("Reconstruction")

    page.locator(".st-key-train_save button").first.click()
    page.get_by_role("link", name="Explore it").click()
    page.wait_for_url("**explore_model=**")
    page.wait_for_function("window.latentExplorer?.ready && window.latentExplorer.points?.length >= 100")
    box = page.locator('[data-role="map"]').first.bounding_box()
    assert box is not None
    seen = []
    for across in (0.4, 0.6):
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] / 2)
        two_frames(page)
        seen.append(page.evaluate("Array.from(window.latentExplorer.z)"))
    assert seen[0] != seen[1]
    assert not errors
