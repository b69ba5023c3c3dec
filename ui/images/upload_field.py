"""The way in for images: a component of its own that sends them to a route of ours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import streamlit as st

from ui.library.disk.brought import most_bytes
from ui.page.urls import EXPLORER, base_path, explorer_url
from vae_core.images.uploads.limits import MAX_FILES

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

HTML: Final = '<div class="latent-upload"></div>'
LOADER: Final = """export default async function (component) {
  const module = await import(location.origin + component.data.module).catch(() => null);
  if (module) return module.default(component);
  const place = component.parentElement.querySelector(".latent-upload");
  if (!place.childElementCount)
    place.innerHTML = '<p role="alert" data-absent>What takes images did not arrive. Reload the page.</p>';
}
"""


def upload_field() -> None:
    """Draw it; when all has come, the page is drawn anew."""
    data = {
        "module": f"{explorer_url()}/images/upload.js",
        "url": f"{base_path()}/latent/images/upload",
        "most": most_bytes(),
        "mostFiles": MAX_FILES,
    }
    _component()(key="images_upload_field", data=data, height="content", on_brought_change=_nothing)


@cache
def _component() -> ComponentRenderer:
    """Register the component, once: its texts never change while the server runs."""
    return st.components.v2.component(
        "latent_upload",
        html=HTML,
        css=(EXPLORER / "images" / "upload.css").read_text(encoding="utf-8"),
        js=LOADER,
        isolate_styles=False,
    )


def _nothing() -> None:
    """Stand in for a callback: Streamlit reads the names of triggers from their names."""
