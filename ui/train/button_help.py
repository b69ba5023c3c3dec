"""What each button of Train does: a sentence below it while the pointer or the keyboard is there.

Streamlit's own `help` would draw each button a second time, hidden, and nothing that looks for a button by
its key could tell the two apart. A style sheet writes the sentences instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

HELP: Final[Mapping[str, str]] = {
    "train_start": "Trains a new model with what the fields say. The run before stays under Your other runs.",
    "train_pause": "Lets the run rest, or go on; nothing is lost.",
    "train_step": "Takes one step, with one batch of images, and rests.",
    "train_epoch": "Trains until every training image has been seen once more, and rests.",
    "train_explain": "Takes one step and shows it piece by piece: an image, its code, the loss, the arrows.",
    "train_stop": "Ends the run. Its model and its past stay.",
    "train_break": "Six ways in which training goes wrong, each with what to look at.",
    "train_branch": "Trains on from the moment that is shown, with what the fields say, as a run of its own.",
    "train_open": "Saves the model of the moment that is shown, and opens it in Explore.",
    "train_film": "Draws this run's past as a GIF to keep.",
    "train_save": "Keeps the model of the moment that is shown among your models, under this title.",
    "train_share": "Makes a link by which others watch this run.",
    "train_undo": "Shows the run before, with its settings; the new one stays under Your other runs.",
    "train_film_download": "Keeps the GIF as a file.",
}
"""By a button's key."""


def button_help() -> None:
    """Draw the style sheet."""
    rules = " ".join(
        f'.st-key-{key}:is(:hover, :has(:focus-visible))::after {{ content: "{_quoted(sentence)}"; }}'
        for key, sentence in HELP.items()
    )
    st.html(f"<style>@media (hover: hover) {{ {rules} }}</style>")


def _quoted(sentence: str) -> str:
    return sentence.replace("\\", r"\\").replace('"', r"\"")
