"""The colours of classes, the same ones as in the browser."""

from __future__ import annotations

from typing import Final

CLASS_COLOURS: Final = (
    "#3f90da", "#717581", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#ffa90e", "#92dadd",
)  # fmt: skip
"""Petroff's ten colours (arXiv:2107.02270), in the order of `assets/explorer/dom/palette.js`."""
