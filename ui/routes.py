"""HTTP and WebSocket routes that carry bytes to the browser."""

from __future__ import annotations


def base_path() -> str:
    """Return what stands before every path of the app: "" or "/name", without a slash at its end."""
    raise NotImplementedError


def explorer_version() -> str:
    """Return the name of the present state of the browser's modules, part of their URL."""
    raise NotImplementedError
