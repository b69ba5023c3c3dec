"""A QR code of an address, black on white whatever the theme: cameras want it so."""

from __future__ import annotations

import segno


def qr_url(text: str) -> str:
    """Draw a QR code with its quiet zone as an SVG; it holds no text, only squares.

    Args:
        text: what it says, at most some hundred characters.

    Returns:
        A data URL, fit for an image's `src`.
    """
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(omitsize=True, border=4, dark="#000", light="#fff", encode_minimal=False))
