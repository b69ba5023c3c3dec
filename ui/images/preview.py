"""What was brought, before it is kept: how it is to look, what came, what was refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import streamlit as st

from ui.library.disk import brought
from ui.library.disk.brought import Brought
from ui.library.image_library import ImageLibrary, ImageLibraryError
from ui.page import state
from ui.page.text import count, plain
from vae_core.engine import EngineBusyError, Job, get_engine
from vae_core.engine.contract.failures import describe
from vae_core.images.own_sets import MAX_TITLE
from vae_core.images.uploads.limits import FITS, SIZE_RANGE

COLOURS: Final = {1: "grey", 3: "colour"}
GROUNDS: Final = {255: "white", 0: "black"}
EFFECTS: Final = {
    "crop": "keeps the middle square",
    "pad": "adds ground beside it",
    "stretch": "pulls it to a square",
}
CLASSES_NAMED: Final = 40

SAID: Final = "images_said"
"""Session key: what the last keeping came to, until something else is done."""

_CHOICES: Final = "images_choices"
_RUNNING: Final = "images_running"


@dataclass(frozen=True)
class Choice:
    """Say how images are to look.

    Attributes:
        size: rows and columns.
        channels: 1 for grey, 3 for colour.
        fit: "crop", "pad" or "stretch".
        ground: grey level behind and beside them.
    """

    size: int
    channels: int
    fit: str = "crop"
    ground: int = 255

    @property
    def name(self) -> str:
        """The choice as a part of names."""
        return f"{self.size}-{self.channels}-{self.fit}-{self.ground}"


def preview(owner: str, found: Brought) -> None:
    """Draw what was brought; while workers look at it, the page asks for it now and then."""
    waiting = _is_waiting(owner, found)
    with st.container(border=True, key="images_preview"):
        st.fragment(_preview, run_every=0.6 if waiting else None)(owner, found, waiting=waiting)


def _preview(owner: str, found: Brought, *, waiting: bool) -> None:
    if brought.current(owner) != found:  # kept or discarded by a button of this part of the page
        st.rerun()
    name = plain(found.path.stem, longest=60)
    st.markdown(f"## {name}: before it is kept")
    first = _look(owner, found, None)
    if first is None or not first.finished:
        st.caption(":material/hourglass: Looking at the first images")
    elif first.state != "done":
        _refused(first.error)
        _drop(owner)
    else:
        choice = _choice(owner, found, first.result)
        _outcome(owner, found, choice)
    if waiting != _is_waiting(owner, found):
        st.rerun()


def _choice(owner: str, found: Brought, proposed: Mapping[str, Any]) -> Choice:
    """Draw the fields, and what each way to make a square makes of some of the images."""
    chosen = _chosen(found) or Choice(proposed["size"], proposed["channels"])
    shapes = sorted({f"{width} × {height}" for width, height in proposed["sizes"]})
    with st.container(horizontal=True, gap="medium", key="images_choice", vertical_alignment="bottom"):
        size = st.number_input(
            "Size in pixels",
            *SIZE_RANGE,
            value=chosen.size,
            step=4,
            key=f"images_size_{found.id}",
            width=130,
            help=f"Rows and columns of each image. The first came as {', '.join(shapes)}.",
        )
        channels = _one_of("Colour", COLOURS, chosen.channels, f"images_colour_{found.id}")
        ground = _one_of(
            "Ground",
            GROUNDS,
            chosen.ground,
            f"images_ground_{found.id}",
            "Behind what is transparent, and beside what is padded.",
        )
        fits = {fit: fit for fit in FITS}
        fit = _one_of("Not square", fits, chosen.fit, f"images_fit_{found.id}", "See below what each does.")
    made = Choice(int(size), channels, fit, ground)
    state.remembered(_CHOICES, dict)[found.id] = made
    looked = _look(owner, found, made)
    with st.container(horizontal=True, gap="medium", key="images_fits"):
        for each in FITS:
            mark = ":material/check: " if each == fit else ""
            with st.container(key=f"images_fit_shown_{each}", gap="xxsmall", width=220):
                if looked is not None and looked.state == "done":
                    alt = f"Your first images, made square by {each}"
                    st.image(looked.result[each], width="stretch", alt=alt)
                elif looked is not None and looked.finished:
                    _refused(looked.error)
                else:
                    st.skeleton(height=50)
                st.caption(f"{mark}**{each}** {EFFECTS[each]}")
    return made


def _one_of(label: str, options: Mapping[Any, str], chosen: Any, key: str, help: str | None = None) -> Any:
    """Draw a choice of few words, of which one always holds; returns what it stands for."""
    words = list(options.values())
    said = st.segmented_control(label, words, default=options[chosen], key=key, help=help, required=True)
    return next(value for value, word in options.items() if word == said)


def _outcome(owner: str, found: Brought, choice: Choice) -> None:
    """Draw what all of it came to, with this choice, and the way to keep it."""
    job = _read(owner, found, choice)
    if job is None or not job.finished:
        progress = 0.0 if job is None else min(max(job.progress, 0.0), 1.0)
        said = "" if job is None else job.message
        st.progress(progress, text=plain(said or "Waiting for a worker"))
        _drop(owner)
        return
    if job.state != "done":
        _refused(job.error or "It was not read.")
        _drop(owner)
        return
    result = job.result
    st.markdown(_account(result))
    st.image(result["png"], alt="Some of the images as they would be kept, a column for each class")
    _classes(result["classes"])
    if result["refused"]:
        _reasons(found, result)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="images_keeping"):
        st.text_input(
            "Title", value=found.path.stem[:MAX_TITLE], max_chars=MAX_TITLE, key=f"images_title_{found.id}"
        )
        st.button(
            "Keep",
            key="images_keep",
            type="primary",
            icon=":material/check:",
            on_click=_keep,
            args=(owner, found, choice),
        )
        _drop(owner)


def _account(result: Mapping[str, Any]) -> str:
    kept, refused, same = result["kept"], result["refused"], result["duplicates"]
    learn, held = (sum(each[side] for each in result["classes"]) for side in (1, 2))
    of = "each class" if len(result["classes"]) > 1 else "all"
    parts = [
        f"**{count(kept, 'image')} of {count(kept + refused, 'file')} would be kept**",
        f"{refused:,} refused",
        count(same, "duplicate") + (" among them" if same else ""),
    ]
    split = f"{learn:,} to learn from, {held:,} held out, a tenth of {of}"
    return f"{', '.join(parts)}.  \n{split if held else f'{learn:,} to learn from; too few to hold any out'}."


def _classes(classes: list[tuple[str, int, int]]) -> None:
    if classes[0][0] == "" and len(classes) == 1:
        st.caption("No classes: there are no folders and no table of labels.")
        return
    named = [f"{plain(name)} {learn} + {held}" for name, learn, held in classes[:CLASSES_NAMED]]
    more = f", and {len(classes) - CLASSES_NAMED:,} more" if len(classes) > CLASSES_NAMED else ""
    st.caption(f"{count(len(classes), 'class', 'classes')}: {' · '.join(named)}{more}")


def _reasons(found: Brought, result: Mapping[str, Any]) -> None:
    with st.expander(f"{count(result['refused'], 'file')} refused, each with its reason"):
        lines = [f"- **{plain(name)}**: {plain(why, longest=300)}" for name, why in result["reasons"]]
        st.markdown("\n".join(lines))
        left = result["refused"] - len(result["reasons"])
        if left:
            st.caption(f"And {left:,} more, in the table.")
        st.download_button(
            "All of them as a table",
            data=_listing(found).read_bytes,
            file_name="refused.csv",
            mime="text/csv",
            key="images_refused_download",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
        )


def _refused(sentence: str) -> None:
    st.caption(f":red[:material/error: {plain(sentence, longest=600)}]")


def _drop(owner: str) -> None:
    st.button("Discard", key="images_discard", icon=":material/delete:", on_click=_discard, args=(owner,))


def _keep(owner: str, found: Brought, choice: Choice) -> None:
    title = str(st.session_state.get(f"images_title_{found.id}", ""))
    try:
        kept = ImageLibrary(owner).keep(_made(found, choice), title)
    except FileNotFoundError:
        st.session_state[SAID] = (":red[:material/error: What was brought is not here any more.]", "")
    except (ImageLibraryError, ValueError, OSError) as error:
        st.session_state[SAID] = (f":red[:material/error: {plain(describe(error), longest=600)}]", "")
    else:
        brought.discard(owner)
        said = f":material/check: **{plain(kept.info.title)}** is among your images now."
        st.session_state[SAID] = (said, kept.info.name)


def _discard(owner: str) -> None:
    st.session_state.pop(SAID, None)
    if (running := st.session_state.pop(_RUNNING, "")) and (job := get_engine().begun(owner, running)):
        job.cancel()
    brought.discard(owner)


def _chosen(found: Brought) -> Choice | None:
    return cast("Choice | None", state.remembered(_CHOICES, dict).get(found.id))


def _look(owner: str, found: Brought, choice: Choice | None) -> Job | None:
    """Return the job that shows the effect of a choice on some images; None while too much waits."""
    asked = {} if choice is None else {k: v for k, v in asdict(choice).items() if k != "fit"}
    purpose = f"look {found.id} {sorted(asked.items())}"
    try:
        return get_engine().begin(owner, purpose, "look_at_images", path=str(found.path), **asked)
    except EngineBusyError:
        return None


def _read(owner: str, found: Brought, choice: Choice) -> Job | None:
    """Return the job that reads all images with a choice; those of other choices are given up."""
    engine, purpose = get_engine(), f"preview {found.id} {choice.name}"
    before = st.session_state.get(_RUNNING, "")
    if before not in ("", purpose) and (old := engine.begun(owner, before)) is not None:
        old.cancel()
    st.session_state[_RUNNING] = purpose
    job, out = engine.begun(owner, purpose), _made(found, choice)
    is_usable = job is not None and (not job.finished or job.state == "failed" or out.exists())
    if is_usable:
        return job
    for other in out.parent.glob("*.safetensors"):
        other.unlink(missing_ok=True)
    arguments = {"path": str(found.path), "out": str(out), "listing": str(_listing(found)), **asdict(choice)}
    try:
        return engine.begin_anew(owner, purpose, "preview_images", **arguments)
    except EngineBusyError:
        return None


def _is_waiting(owner: str, found: Brought) -> bool:
    """Whether something is still to come."""
    first = _look(owner, found, None)
    if first is None or not first.finished:
        return True
    if first.state != "done":
        return False
    choice = _chosen(found) or Choice(first.result["size"], first.result["channels"])
    jobs = (_look(owner, found, choice), _read(owner, found, choice))
    return any(job is None or not job.finished for job in jobs)


def _made(found: Brought, choice: Choice) -> Path:
    return found.made / f"{choice.name}.safetensors"


def _listing(found: Brought) -> Path:
    return found.made / "refused.csv"
