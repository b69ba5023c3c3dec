"""What a page may load and who may frame it: the headers that every page is sent with.

Scripts come from this server alone. What is allowed beyond that, and for whom: `blob:` modules for
Streamlit's components, whose code it hands over so; `'unsafe-eval'` for Plotly's WebGL dots, whose drawing
code is compiled in the browser; `'wasm-unsafe-eval'` for the nets; inline styles for Streamlit's own; `data:`
and `blob:` pictures.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit

FRAME_ANCESTORS: Final = "LATENT_FRAME_ANCESTORS"
"""Environment variable: who else may show the app in a frame, as origins; by default only the app itself."""

_ORIGIN: Final = re.compile(r"'none'|'self'|\*|https?://[\w.*-]+(:\d+|:\*)?")


def frame_ancestors() -> str:
    """Return who may show the app in a frame.

    Raises:
        ValueError: the environment names something that is no origin.
    """
    given = os.environ.get(FRAME_ANCESTORS, "").split()
    for each in given:
        if not _ORIGIN.fullmatch(each):
            raise ValueError(
                f"{FRAME_ANCESTORS} holds {each!r}: "
                "expected origins such as https://school.example, or 'none'"
            )
    return " ".join(given) or "'self'"


def headers() -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that every page is sent with."""
    ancestors = frame_ancestors()
    found = [
        (b"content-security-policy", content_policy(ancestors).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]
    if ancestors in ("'self'", "'none'"):  # for browsers that know no frame-ancestors
        found.append((b"x-frame-options", b"SAMEORIGIN" if ancestors == "'self'" else b"DENY"))
    return tuple(found)


def content_policy(ancestors: str = "'self'") -> str:
    """Return the Content-Security-Policy of every page.

    Args:
        ancestors: who may show it in a frame.
    """
    inline = " ".join(f"'sha256-{digest}'" for digest in _inline_scripts())
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: 'unsafe-eval' 'wasm-unsafe-eval' {inline}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss: data: blob:",  # older browsers do not count sockets as 'self'
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        ]
    )


@lru_cache(maxsize=1)
def _inline_scripts() -> tuple[str, ...]:
    """Return the digests of the scripts that stand in Streamlit's page itself."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL)
    return tuple(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
