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
    what = f"A {'VAE' if has_beta else 'model'} learns here, live. "
    then = ("raise beta", " and watch the dots draw together")
    if not has_beta:
        then = ("change a setting", " and watch")
    if run is None:
        return f"{what}**Press Start** and walk over its map while it forms; then {''.join(then)}."
    hand = by_hand("Move over its map", "Touch its map")
    decodes = ": every place decodes to a picture"
    return f"{_with_room(what)}{hand}{_with_room(decodes)}; then {then[0]}{_with_room(then[1])}."


def _with_room(words: str) -> str:
    """Write what a phone leaves out beside a run, so that the map is in its first screen."""
    return f'<span class="with-room">{words}</span>'


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
