"""One way only: app.py -> ui; pages -> ui and the core's public names; ui -> vae_core; no circle anywhere."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

import vae_core
from tests.unit.house.arrows import (
    ROOT,
    among_rooms,
    circle,
    imports,
    python_arrows,
    python_room,
    sources,
    wrong_way,
)

OURS = {"app", "ui", "pages", "vae_core"}
HOSTS = {"streamlit", "starlette", "uvicorn", "plotly"}

ROOMS = (
    ("app", "pages"),
    ("ui",),
    ("ui.draw", "ui.learn"),
    ("ui.classroom", "ui.images", "ui.models", "ui.server", "ui.train"),
    ("ui.learn.files",),
    ("ui.explorer",),
    ("ui.web",),
    ("ui.web.sockets",),
    ("ui.web.guards",),
    ("ui.library",),
    ("ui.library.disk",),
    ("ui.page",),
    ("ui.identity",),
    ("vae_core",),
    ("vae_core.engine", "vae_core.engine.worker"),
    ("vae_core.engine.scheduling", "vae_core.engine.tasks"),
    ("vae_core.engine.jobs", "vae_core.engine.watching"),
    ("vae_core.engine.runs",),
    ("vae_core.engine.contract",),
    ("vae_core.engine.processes",),
    ("vae_core.exchange", "vae_core.pictures", "vae_core.release"),
    ("vae_core.exchange.modules",),
    ("vae_core.training",),
    ("vae_core.bundles",),
    ("vae_core.measures",),
    ("vae_core.latent",),
    ("vae_core.models.families",),
    ("vae_core.models",),
    ("vae_core.images.uploads",),
    ("vae_core.images",),
    ("vae_core.config", "vae_core.storage"),
    ("vae_core.models.architectures",),
    ("vae_core.models.layers",),
)
"""The rooms, from what is particular to what is general: each may know those below it, none beside it."""

ARROWS = python_arrows([ROOT / "app.py", *sources("ui", "pages", "vae_core")])


def path_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def top(module: str) -> str:
    return module.split(".")[0]


@pytest.mark.parametrize("path", sources("vae_core"), ids=path_of)
def test_the_core_knows_no_host(path: Path) -> None:
    foreign = {module for module, _ in imports(path) if top(module) in HOSTS | (OURS - {"vae_core"})}
    assert not foreign


@pytest.mark.parametrize("path", sources("pages"), ids=path_of)
def test_a_page_knows_ui_and_the_cores_public_names(path: Path) -> None:
    for module, name in imports(path):
        assert top(module) not in {"pages", "app", "torch", "plotly"}
        if module == "vae_core":
            assert name in vae_core.__all__, f"{name} is not public"
        elif top(module) == "vae_core":
            assert module == "vae_core.engine", f"{module} is not public"


@pytest.mark.parametrize("path", sources("ui"), ids=path_of)
def test_ui_knows_no_page(path: Path) -> None:
    assert not {module for module, _ in imports(path) if top(module) in {"pages", "app", "torch"}}


def test_the_app_knows_ui_alone() -> None:
    assert {top(module) for module, _ in imports(ROOT / "app.py")} & OURS == {"ui"}


def test_no_module_needs_itself() -> None:
    assert not circle(ARROWS)


def test_no_room_needs_itself() -> None:
    assert not circle(among_rooms(ARROWS, python_room))


def test_every_room_has_its_place() -> None:
    assert {python_room(module) for module in ARROWS} == {room for rooms in ROOMS for room in rooms}


def test_every_arrow_leads_to_what_is_more_general() -> None:
    assert not wrong_way(ARROWS, python_room, ROOMS)


def test_the_walk_sees_imports_inside_functions_and_relative_ones(tmp_path: Path) -> None:
    path = tmp_path / "ui" / "nowhere.py"
    path.parent.mkdir()
    source = "def f():\n    import pages.train\n    from ..vae_core import bundle\n    from . import state\n"
    path.write_text(source, encoding="utf-8")
    assert set(imports(path, tmp_path)) == {("pages.train", ""), ("vae_core", "bundle"), ("ui", "state")}


def test_circles_and_wrong_arrows_are_found(tmp_path: Path) -> None:
    typing = "from typing import TYPE_CHECKING\n"
    texts = {
        "below/__init__.py": "",
        "below/one.py": "def f():\n    from below import two\n",
        "below/two.py": f"{typing}if TYPE_CHECKING:\n    from above.three import x\n",
        "above/__init__.py": "",
        "above/three.py": "import below.one\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    arrows = python_arrows(list(tmp_path.rglob("*.py")), tmp_path)

    def room(module: str) -> str:
        return python_room(module, tmp_path)

    found = circle(arrows)
    assert found[0] == found[-1]
    assert set(found) == {"below.one", "below.two", "above.three"}
    assert all(there in arrows[here] for here, there in itertools.pairwise(found))
    assert set(circle(among_rooms(arrows, room))) == {"below", "above"}
    assert wrong_way(arrows, room, (("above",), ("below",))) == [("below.two", "above.three")]
    assert wrong_way(arrows, room, (("above", "below"),)) == [
        ("above.three", "below.one"),
        ("below.two", "above.three"),
    ]


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


@pytest.mark.process
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
