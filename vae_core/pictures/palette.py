"""The colours of classes, the same ones as in the browser."""

from __future__ import annotations

from typing import Final

CLASS_COLOURS: Final = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""Petroff's ten colours (arXiv:2107.02270), as on the map in the browser."""
