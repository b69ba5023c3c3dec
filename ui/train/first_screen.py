"""What Train shows before there is a run, around the film: the way of an image, and the mishaps as cards."""

from __future__ import annotations

import streamlit as st

from ui.page.pictures import on_buttons
from ui.page.text import by_hand
from ui.train.actions import start_mishap
from ui.train.diagram import diagram
from ui.train.mishaps import MISHAPS
from ui.train.settings import Settings
from vae_core.config.families import FAMILIES
from vae_core.engine import RunInfo


def what_to_do(run: RunInfo | None) -> str:
    """Return the page's first sentence, of what the run's family has, or the chosen one's."""
    # The field itself is drawn below, and may not have told its value yet.
    asked = st.session_state.get("train_family") or st.query_params.get("train_family", "")
    family = FAMILIES.get(run.model.family if run else asked, FAMILIES["vae"])
    has_beta = "beta" in family.settings
    first = (
        "**Press Start** and walk over its map while it forms"
        if run is None
        else f"{by_hand('Move over its map', 'Touch its map')}: every place decodes to a picture"
    )
    then = "raise beta and watch the dots draw together" if has_beta else "change a setting and watch"
    return f"A {'VAE' if has_beta else 'model'} learns here, live. {first}; then {then}."


def first_screen(settings: Settings) -> None:
    """Draw the diagram, lit by the fields, and the cards."""
    values = {
        name: st.session_state[f"train_{name}"] for name in ("family", "latent_dim", "beta", "n_categories")
    }
    diagram(images=settings.images, **values)
    mishap_cards()


def mishap_cards() -> None:
    """Draw a card for each mishap; a click on it fills the fields and starts the run."""
    with st.container(key="train_mishaps", gap="xsmall"):
        st.markdown("**Or break it on purpose**")
        on_buttons({f"train_mishap_{each.name}": each.picture.read_bytes() for each in MISHAPS})
        with st.container(key="train_cards"):
            for each in MISHAPS:
                st.button(
                    f"**{each.question}** :gray[{each.title}]",
                    key=f"train_mishap_{each.name}",
                    on_click=start_mishap,
                    args=(each.name,),
                    width="stretch",
                )
