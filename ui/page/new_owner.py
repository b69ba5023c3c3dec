"""Start as someone new: a shared computer changes hands."""

from __future__ import annotations

import streamlit as st

from ui.page.urls import new_owner_url


@st.dialog("Start as someone new?")
def confirm_new_owner() -> None:
    """Ask before this browser forgets who it is."""
    st.markdown(
        "Models and runs belong to the browser they were made in. If you go on, this browser forgets who it "
        "is, and **the models and runs made here cannot be reached any more**. Download first what you want "
        "to keep."
    )
    # A plain link, in this very tab: Streamlit's own would open another and leave this one as it was.
    st.html(f'<a class="latent-link" href="{new_owner_url()}">Start as someone new</a>')
