"""One way only: app.py -> ui; pages -> ui and the core's public names; ui -> vae_core."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vae_core

ROOT = Path(__file__).resolve().parents[3]
OURS = {"app", "ui", "pages", "vae_core"}
HOSTS = {"streamlit", "starlette", "uvicorn", "plotly"}


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for every import in a file, also inside functions; a module's name is ""."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (above, node.module or "") if part)
            yield from ((module, alias.name) for alias in node.names)


def top(module: str) -> str:
    return module.split(".")[0]


@pytest.mark.parametrize("path", sources("vae_core"), ids=lambda path: path.name)
def test_the_core_knows_no_host(path: Path) -> None:
    foreign = {module for module, _ in imports(path) if top(module) in HOSTS | (OURS - {"vae_core"})}
    assert not foreign


@pytest.mark.parametrize("path", sources("pages"), ids=lambda path: path.name)
def test_a_page_knows_ui_and_the_cores_public_names(path: Path) -> None:
    for module, name in imports(path):
        assert top(module) not in {"pages", "app", "torch", "plotly"}
        if module == "vae_core":
            assert name in vae_core.__all__, f"{name} is not public"
        elif top(module) == "vae_core":
            assert module == "vae_core.engine", f"{module} is not public"


@pytest.mark.parametrize("path", sources("ui"), ids=lambda path: path.name)
def test_ui_knows_no_page(path: Path) -> None:
    assert not {module for module, _ in imports(path) if top(module) in {"pages", "app", "torch"}}


def test_the_app_knows_ui_alone() -> None:
    assert {top(module) for module, _ in imports(ROOT / "app.py")} & OURS == {"ui"}


def test_the_walk_sees_imports_inside_functions_and_relative_ones(tmp_path: Path) -> None:
    path = ROOT / "ui" / "_nowhere.py"
    source = "def f():\n    import pages.train\n    from ..vae_core import bundle\n    from . import state\n"
    try:
        path.write_text(source, encoding="utf-8")
        assert set(imports(path)) == {("pages.train", ""), ("vae_core", "bundle"), ("ui", "state")}
    finally:
        path.unlink()


OPEN_EVERY_PAGE = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest

root = Path(sys.argv[1])
pages = sorted((root / "pages").glob("*.py"))
assert len(pages) >= 5
for page in pages:
    app = AppTest.from_file(str(root / "ui" / "shell.py"), default_timeout=60)
    app.switch_page(str(page)).run()
    assert not app.exception, (page.name, [error.value for error in app.exception])
    for name in ("torch", "torchvision", "sklearn", "umap"):
        assert name not in sys.modules, f"{page.name} brought {name} into the server's process"
from vae_core.engine import get_engine
get_engine().close()
print("no torch")
"""


def test_no_page_brings_torch_into_the_servers_process(tmp_path: Path) -> None:
    import os

    done = subprocess.run(
        [sys.executable, "-c", OPEN_EVERY_PAGE, str(ROOT)],
        env={**os.environ, "LATENT_HOME": str(tmp_path), "PYTHONPATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip().endswith("no torch"), done.stderr[-2000:]
