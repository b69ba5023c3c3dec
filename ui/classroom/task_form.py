"""Make a task for others, and see those that were made."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui.classroom.posters import poster
from ui.classroom.tasks import LONGEST_MINUTES, LONGEST_SENTENCE, PAGES, Task, TaskPage, read_task
from ui.identity.owner import current_owner
from ui.library import links
from ui.library.address import link_to
from ui.library.library import Library
from ui.library.share_buttons import path_of
from ui.page import state
from ui.page.returning import left
from ui.page.text import plain
from vae_core import image_sets

_REFUSED: Final = "class_task_refused"
_MODEL_KEYS: Final = {"explore": state.EXPLORE_MODEL, "interpolate": state.INTERPOLATE_MODEL}
_FIRST: Final = ("train_images", "train_latent_dim", "train_beta")
"""What is asked here; all else is as the teacher left it on Train."""


def task_part() -> None:
    """Draw the tasks that one gave, the newest first, and the way to make one."""
    made = links.all_shared(current_owner(), "task")
    for link in reversed(made):
        _made(link)
    with st.container(key="class_task_form", gap="small"):
        _form(first=not made)
    if refused := st.session_state.pop(_REFUSED, ""):
        st.caption(f":red[:material/error: {plain(refused)}]")


def _made(link: links.Link) -> None:
    task = read_task(link.what)
    if task is None:
        return
    st.markdown(f"**{plain(task.words, longest=600)}**")
    poster(link_to(path_of(link)), code=link.code, name=link.code)
    st.button("Take back", key=f"class_task_stop_{link.code}", icon=":material/stop:",
              on_click=links.stop_sharing, args=(current_owner(), "task", link.what))  # fmt: skip


def _form(*, first: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        page: TaskPage = st.segmented_control(
            "Page", PAGES, default=PAGES[0], required=True, format_func=str.capitalize, key="class_task_page"
        )
        query = _train_settings() if page == "train" else _model(page)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        sentence = st.text_input(
            "What to do there",
            key="class_task_sentence",
            max_chars=LONGEST_SENTENCE,
            placeholder="Find out what happens to the dots",
            width="stretch",
        )
        minutes = st.number_input(
            "Minutes", 0, LONGEST_MINUTES, 0, key="class_task_minutes", width=130, help="0: no time is told."
        )
        task = Task(page, query, sentence or "", int(minutes))
        st.button(
            "Make the link",
            key="class_task_make",
            type="primary" if first else "secondary",
            icon=":material/assignment_add:",
            on_click=_make,
            args=(task,),
        )
    st.caption(f"They will read: {plain(task.words, longest=600)}")


def _train_settings() -> dict[str, str]:
    """Ask for the three settings that matter most; the others are those that one has on Train."""
    before = left("train")
    names = [info.name for info in image_sets() if info.available]
    images = before.get(state.TRAIN_IMAGES, state.DEFAULT_IMAGES)
    chosen = st.selectbox(
        "Images", names, names.index(images) if images in names else 0, key="class_task_images", width=150
    )
    values: dict[str, object] = {state.TRAIN_IMAGES: chosen}
    for key, label in (("train_latent_dim", "Latent dimensions"), ("train_beta", "Beta")):
        setting = state.number(key)
        kind = int if setting.whole else float
        bounds = setting.bounds() | ({"value": kind(float(before[key]))} if key in before else {})
        values[key] = st.number_input(label, **bounds, key=f"class_task_{key}", width=150)
    settings = {**state.TRAIN_SETTINGS, state.TRAIN_IMAGES: state.named(names, state.DEFAULT_IMAGES, "")}
    others = {name: text for name, text in before.items() if name not in _FIRST}
    return state.link_values(values, settings) | others


def _model(page: TaskPage) -> dict[str, str]:
    """Ask for a model that everyone here has."""
    key = _MODEL_KEYS[page]
    names = [entry.name for entry in Library(None).models()]
    now = left(page).get(key, state.DEFAULT_MODELS[key])
    model = st.selectbox(
        "Model", names, names.index(now) if now in names else 0, key=f"class_task_{page}_model", width=220,
        help="The models that came with the app: others do not have yours.",
    )  # fmt: skip
    others = {name: text for name, text in left(page).items() if name != key}
    return ({key: model} if model else {}) | others


def _make(task: Task) -> None:
    try:
        links.share(current_owner(), "task", task.to_text())
    except OSError:
        st.session_state[_REFUSED] = "The link could not be written: the server's disk may be full."
