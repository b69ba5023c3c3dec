"""An address or a code, large enough to be read from the back row."""

from __future__ import annotations

import streamlit as st

from ui.library.address import qr_url
from ui.page.text import plain


def poster(address: str, *, code: str = "", name: str = "") -> None:
    """Draw an address with its QR code; with a code, that is what is large.

    Args:
        address: of this server, or of a page of it.
        code: six letters that lead there, too.
        name: tells posters of one page apart.
    """
    squares = f'<img class="latent-qr" alt="QR code of the address" src="{qr_url(address)}">'
    end = f"_{name}" if name else ""
    with st.container(key=f"class_poster{'_long' if code else ''}{end}", horizontal=True, gap="large",
                      vertical_alignment="center"):  # fmt: skip
        st.html(squares, width="content")
        with st.container(key=f"class_poster_words{end}", gap="small"):
            if code:
                st.html(f'<p class="latent-code">{code}</p>')
                st.caption("Type these letters on the page Class, or open this address:")
            with st.container(key=f"class_address_text{end}"):
                st.markdown(plain(address, longest=400, links=True))
