"""Who imports whom, read from the sources: an arrow leads from a module to one that it names.

Imports inside functions and for types alone count as others do: a reader follows them just the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EXPLORER = ROOT / "assets" / "explorer"

Arrows = Mapping[str, Collection[str]]
"""What each module, or each room, names."""

_JAVASCRIPT = re.compile(r"""(?:\bfrom|\bimport|\bURL)\s*\(?\s*["'](\.[^"']+)["']""")
"""`import`, `export ... from`, `import()`, also in a comment's types, and `new URL()` of a worker."""


def sources(*folders: str) -> list[Path]:
    """Return the Python files below some folders."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def imports(path: Path, root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for every import in a file, also inside functions; a module's name is ""."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (above, node.module or "") if part)
            yield from ((module, alias.name) for alias in node.names)


def python_arrows(paths: Collection[Path], root: Path = ROOT) -> dict[str, set[str]]:
    """Return the arrows among Python files, by the modules' names; a package is its `__init__`."""
    named = {_module(path, root): path for path in paths}
    return {
        module: {
            there
            for where, name in imports(path, root)
            if (there := f"{where}.{name}" if f"{where}.{name}" in named else where) in named
            and there != module
        }
        for module, path in named.items()
    }


def python_room(module: str, root: Path = ROOT) -> str:
    """Return the package in which a module lies; what lies in none is a room of its own."""
    is_package = (root / Path(*module.split("."))).is_dir()
    return module if is_package else module.rpartition(".")[0] or module


def javascript_arrows(folder: Path = EXPLORER) -> dict[str, set[str]]:
    """Return the arrows among JavaScript modules, by their paths below the folder, types' arrows among them.

    Raises:
        FileNotFoundError: a module names one that is not there.
    """
    found = {}
    for path in sorted(folder.rglob("*.js")):
        named = {(path.parent / name).resolve(strict=True) for name in _JAVASCRIPT.findall(path.read_text())}
        found[path.relative_to(folder).as_posix()] = {
            other.relative_to(folder.resolve()).as_posix() for other in named if other != path.resolve()
        }
    return found


def javascript_room(module: str) -> str:
    """Return the folder in which a module lies; what lies at the top is a room of its own."""
    return module.rpartition("/")[0] or module


def circle(arrows: Arrows) -> list[str]:
    """Return a circle, its first name repeated at the end; empty when there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as found:
        return list(reversed(found.args[1]))
    return []


def among_rooms(arrows: Arrows, room: Callable[[str], str]) -> dict[str, set[str]]:
    """Return the arrows from each room to others."""
    found: dict[str, set[str]] = {}
    for module, others in arrows.items():
        found.setdefault(room(module), set()).update({room(other) for other in others} - {room(module)})
    return found


def wrong_way(
    arrows: Arrows, room: Callable[[str], str], order: Collection[Collection[str]]
) -> list[tuple[str, str]]:
    """Return the arrows that lead to a room at the same height or above.

    Args:
        arrows: those among modules.
        room: tells the room of a module.
        order: the rooms, the most particular first; those that know nothing of each other stand together.
    """
    height = {name: -number for number, rooms in enumerate(order) for name in rooms}
    return sorted(
        (module, other)
        for module, others in arrows.items()
        for other in others
        if room(module) != room(other) and height[room(module)] <= height[room(other)]
    )


def _module(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
