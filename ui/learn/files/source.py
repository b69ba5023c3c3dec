"""The very function that computes a formula, as text: read from its file, for the server imports no torch."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@cache
def function_source(name: str) -> str:
    """Return the source of a function or method of the core.

    Args:
        name: with its module, e.g. "vae_core.models.distributions.gaussian_kl".

    Raises:
        LookupError: there is none, in a sentence.
    """
    parts = name.split(".")
    if parts[0] != "vae_core" or not all(part.isidentifier() for part in parts):
        raise LookupError(f"{name!r} is no function of vae_core.")
    for length in range(len(parts) - 1, 0, -1):
        path = ROOT.joinpath(*parts[:length]).with_suffix(".py")
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            node = _find(ast.parse(text).body, parts[length:])
            if node is not None:
                lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
                margin = len(lines[0]) - len(lines[0].lstrip())
                return "\n".join(line[margin:] for line in lines)
            break
    raise LookupError(f"{name!r} is no function of vae_core.")


def _find(body: list[ast.stmt], names: list[str]) -> ast.FunctionDef | None:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and names and node.name == names[0]:
            if len(names) > 1:
                return _find(node.body, names[1:])
            return node if isinstance(node, ast.FunctionDef) else None
    return None
