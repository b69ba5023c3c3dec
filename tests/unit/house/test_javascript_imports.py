"""The browser's modules: no circle, types counted, and every arrow one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.house.arrows import among_rooms, circle, javascript_arrows, javascript_room, wrong_way

ROOMS = (
    ("explorer.js",),
    ("follow", "learn"),
    ("learn/things",),
    ("draw", "explore", "images", "interpolate", "train"),
    ("draw/pad", "map/panel", "train/charts", "train/first", "train/slow-motion", "view.js"),
    ("map/drawing",),
    ("map/layers", "map/pointing"),
    ("map/scene",),
    ("cursor/sliders",),
    ("cursor",),
    ("decode",),
    ("decode/kernels", "decode/layers"),
    ("data", "learn/things/parts"),
    ("dom/files",),
    ("dom", "latent"),
)
"""The rooms, from what is particular to what is general: each may know those below it, none beside it."""

ARROWS = javascript_arrows()


def test_no_module_needs_itself() -> None:
    assert not circle(ARROWS)


def test_no_room_needs_itself() -> None:
    assert not circle(among_rooms(ARROWS, javascript_room))


def test_every_room_has_its_place() -> None:
    assert {javascript_room(module) for module in ARROWS} == {room for rooms in ROOMS for room in rooms}


def test_every_arrow_leads_to_what_is_more_general() -> None:
    assert not wrong_way(ARROWS, javascript_room, ROOMS)


def test_the_walk_sees_types_and_whatever_is_fetched_later(tmp_path: Path) -> None:
    texts = {
        "a.js": 'import { x } from "./room/b.js";\nexport * from "./room/c.js";\n',
        "room/b.js": '/** @param {import("../a.js").X} x */\nexport const f = (x) => import("./c.js");\n',
        "room/c.js": 'new Worker(new URL("./worker.js", import.meta.url));\nimport "./d.js";\n',
        "room/d.js": '/** @import { Y } from "../a.js" */\nconst text = "from here";\n',
        "room/worker.js": "import {\n  y,\n} from './d.js';\n",
    }
    (tmp_path / "room").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert javascript_arrows(tmp_path) == {
        "a.js": {"room/b.js", "room/c.js"},
        "room/b.js": {"a.js", "room/c.js"},
        "room/c.js": {"room/worker.js", "room/d.js"},
        "room/d.js": {"a.js"},
        "room/worker.js": {"room/d.js"},
    }
    (tmp_path / "room" / "c.js").unlink()
    with pytest.raises(FileNotFoundError):
        javascript_arrows(tmp_path)
