"""What was kept of drawings: one's own collection, opened to a class and made a set of, or another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from ui.classroom.drawings import forget, open_to_class
from ui.identity.owner import current_owner
from ui.images.own_cards import to_train
from ui.library import links
from ui.library.disk.drawing_files import Drawing
from ui.library.disk.drawing_room import DrawingError
from ui.library.drawings import Collection
from ui.library.image_library import ImageLibrary, ImageLibraryError
from ui.library.retention import days_kept
from ui.page import state
from ui.page.text import count, plain
from vae_core.engine.contract import limits
from vae_core.engine.contract.failures import describe
from vae_core.images.own_sets import MAX_TITLE

SHOWN: Final = 24
"""So many drawings stand on the page at a time."""

PICTURE_WIDTH: Final = 56
LABELS_NAMED: Final = 40
LOST: Final = (
    "The link leads to no collection, or whoever opened it has closed it. What you keep goes to your own; "
    "ask for a new link."
)

_LOOK_SECONDS: Final = 2.0
_SAID: Final = "draw_said"
"""Session key: what the last deed came to, and the name of the set that it made."""

_FIRST: Final = "draw_first"
"""Session key: how many newer drawings are passed over."""

_EVERY: Final = "every label"
_NONE: Final = "no label"


def joined() -> str:
    """Return the token of the collection to which the page's link leads; "" for one's own."""
    token = str(st.query_params.get(state.COLLECTION, ""))
    if token and links.find(token, "drawings") is None:
        state.add_problems((LOST,))
        return ""
    return token


def collection(token: str) -> None:
    """Draw what is in a collection; it is looked for every few seconds, as others add to it.

    Args:
        token: of the link to another's; "" for one's own.
    """
    if state.entered():
        forget()
        for key in (_SAID, _FIRST):
            st.session_state.pop(key, None)
    st.fragment(_collection, run_every=_LOOK_SECONDS)(token)


def _collection(token: str) -> None:
    found = Collection(current_owner(), token)
    try:
        is_own, drawings = found.is_own, found.drawings()
        every, mine = found.counts()
    except DrawingError:  # closed a moment ago
        st.rerun()
    with st.container(key="draw_collection", gap="small"):
        st.markdown("## Your collection" if is_own else "## The class's collection")
        st.caption(_contents(drawings) if is_own else _came(every, mine))
        _pictures(drawings, token)
        if is_own and drawings:
            _make_set()
        said, name = st.session_state.get(_SAID, ("", ""))
        if said:
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.markdown(said, width="content")
                for info in ImageLibrary(current_owner()).infos():
                    if info.name == name:
                        to_train(info)
        if is_own:
            open_to_class(every, mine)
        st.caption(_limits() if is_own else _kept_there())


def _contents(drawings: Sequence[Drawing]) -> str:
    if not drawings:
        return "Nothing is kept yet. Draw something above, say what it is if you like, and keep it."
    counts = sorted(Counter(drawing.label for drawing in drawings).items(), key=lambda each: each[0])
    named = [f"{plain(label) or _NONE} **{number:,}**" for label, number in counts[:LABELS_NAMED]]
    more = f", and {count(len(counts) - LABELS_NAMED, 'more label')}" if len(counts) > LABELS_NAMED else ""
    return f"{count(len(drawings), 'drawing')}: {' · '.join(named)}{more}"


def _came(every: int, mine: int) -> str:
    have = "has" if every == 1 else "have"
    return f"**{count(every, 'drawing')}** {have} come, **{mine:,}** of them yours."


def _pictures(drawings: Sequence[Drawing], token: str) -> None:
    """Draw some of the drawings, each with the way to delete it, and the way to the others."""
    labels = sorted({drawing.label for drawing in drawings})
    if len(labels) > 1 and len(drawings) > SHOWN:
        names = {_EVERY: None} | {label or _NONE: label for label in labels}
        chosen = names.get(
            st.selectbox("Show", list(names), key="draw_shown", width=220, on_change=_to_newest)
        )
        drawings = [drawing for drawing in drawings if chosen in (None, drawing.label)]
    last = max(0, (len(drawings) - 1) // SHOWN * SHOWN)
    first = min(st.session_state.get(_FIRST, 0), last)
    shown = drawings[first : first + SHOWN]
    if not shown:
        return
    with st.container(key="draw_kept", horizontal=True, gap="small"):
        for drawing in shown:
            with st.container(key=f"draw_kept_{drawing.id}", width=PICTURE_WIDTH, gap="xxsmall"):
                what = f"A drawing of {drawing.label}" if drawing.label else "A drawing without a label"
                st.image(drawing.picture(), width=PICTURE_WIDTH, alt=what)
                st.button(
                    plain(drawing.label, longest=6) or "–",
                    key=f"draw_delete_{drawing.id}",
                    type="tertiary",
                    icon=":material/close:",
                    help="Delete this drawing",
                    on_click=_try,
                    args=(_delete, token, drawing.id),
                )
    if last:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.button("Newer", key="draw_newer", disabled=first == 0, on_click=_turn, args=(first - SHOWN,))
            st.button(
                "Older", key="draw_older", disabled=first == last, on_click=_turn, args=(first + SHOWN,)
            )
            st.caption(f"{first + 1:,} to {first + len(shown):,} of {len(drawings):,}, the newest first")


def _make_set() -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.text_input("Title", "My drawings", max_chars=MAX_TITLE, key="draw_set_title", width=260)
        st.button(
            "Make a set of it",
            key="draw_make_set",
            type="primary",
            icon=":material/photo_library:",
            help="An image set of all of them, on which models train; the collection stays.",
            on_click=_try,
            args=(_make, ""),
        )
        with st.popover("Delete all", icon=":material/delete_sweep:", key="draw_empty"):
            st.caption("All drawings in it will be gone for good; sets made of them stay.")
            st.button("Delete them", key="draw_empty_yes", type="primary", on_click=_try, args=(_empty, ""))


def _limits() -> str:
    days = days_kept()
    until = f" or until {days:g} days after this browser's last visit" if days else ""
    return (
        f"What you keep lies on this server as the model sees it, until you delete it{until}; nothing else "
        f"of a drawing is sent. At most {limits.DRAWINGS.value():,g} drawings, "
        f"{limits.DRAWINGS_OF_A_GUEST.value():,g} of each browser that has your link, and "
        f"{limits.DRAWINGS_A_MINUTE.value():g} a minute. No names are asked; nobody is told who drew what."
    )


def _kept_there() -> str:
    return (
        "What you send lies on this server as the model sees it. Whoever opened the collection sees all that "
        "came, not whose it is, can delete any and make image sets of it, which stay. Delete yours while the "
        f"collection is open. At most {limits.DRAWINGS_OF_A_GUEST.value():,g} from each browser."
    )


def _to_newest() -> None:
    _turn(0)


def _turn(first: int) -> None:
    st.session_state[_FIRST] = max(0, first)


def _try(action: Callable[..., tuple[str, str]], token: str, *more: str) -> None:
    """Do something, and say what came of it or what is in the way."""
    try:
        st.session_state[_SAID] = action(Collection(current_owner(), token), *more)
    except (DrawingError, ImageLibraryError, OSError) as error:
        st.session_state[_SAID] = (f":red[:material/error: {plain(describe(error), longest=600)}]", "")


def _delete(found: Collection, drawing: str) -> tuple[str, str]:
    found.delete(drawing)
    return "", ""


def _empty(found: Collection) -> tuple[str, str]:
    found.delete(*(drawing.id for drawing in found.drawings()))
    return "", ""


def _make(found: Collection) -> tuple[str, str]:
    info = found.make_set(str(st.session_state.get("draw_set_title", ""))).info
    held = f", {info.test_size:,} of them held out" * bool(info.test_size)
    said = (
        f"**{plain(info.title)}** is among your images: {count(info.size + info.test_size, 'drawing')}{held}."
    )
    return f":material/check: {said}", info.name
