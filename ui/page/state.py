"""Every session key and every name in the URL, with what it may hold.

A widget's key is its name in the URL (`bind="query-params"`). Streamlit drops a value it cannot use without a
word, so the frame asks `link_problems` first. What the browser component holds (a latent, axes, layers, two
ends) stands in the URL under the unbound names of `VIEW_NAMES`; `ui.explorer.link_view` keeps those in step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import streamlit as st

from ui.page.text import plain
from vae_core.config import settings as core

EXPLORE_MODEL: Final = "explore_model"
DRAW_MODEL: Final = "draw_model"
INTERPOLATE_MODEL: Final = "interpolate_model"
INTERPOLATE_METHOD: Final = "interpolate_method"
INTERPOLATE_STEPS: Final = "interpolate_steps"
CLASS_PART: Final = "class_part"
TRAIN_IMAGES: Final = "train_images"
TRAIN_WEIGHTS: Final = "train_weights"
"""Key of the field that says with which model's weights a run begins; "" for none."""

EXPLORE_VIEW: Final = ("explore_z", "explore_axes", "explore_layers")
DRAW_VIEW: Final = ("draw_axes", "draw_layers")
INTERPOLATE_VIEW: Final = ("interpolate_from", "interpolate_to", "interpolate_axes", "interpolate_layers")
TRAIN_VIEW: Final = ("train_axes", "train_layers")

SHARED: Final = "shared"
"""Name in Explore's URL: the token of the link to another's model."""

WATCH: Final = "watch"
"""Name in Train's URL: the token of the link to another's run."""

FOLLOW: Final = "follow"
"""Name in Class' URL: the token of the link by which someone is followed."""

TASK: Final = "task"
"""Name in the URL of Class, and of the page that it leads to: the token of the link to a task."""

ROOM: Final = "room"
"""Name in Learn's URL: the token of the link to a lesson that a class does together."""

PRESENT: Final = "present"
"""Name in Learn's URL: large type and no sidebar, for who shows it to a class; "on"."""

SHARED_IMAGES: Final = "set"
"""Name in the URL of Images: the token of the link to another's images."""

COLLECTION: Final = "collection"
"""Name in Draw's URL: the token of the link to a collection of drawings that a class joins."""

LESSON: Final = "lesson"
"""Name in Learn's URL: the lesson's slug."""

MISSING: Final = "missing"
"""Name in Explore's URL: what was asked for, where no page of that name lies."""

DEFAULT_MODELS: Final = {EXPLORE_MODEL: "mnist-2", DRAW_MODEL: "mnist-2", INTERPOLATE_MODEL: "mnist-16"}
"""What a page about one model begins with: a map that is the latent space itself; walks of clear pictures."""
DEFAULT_IMAGES: Final = "mnist"

_LARGEST_WHOLE: Final = 2**53 - 1  # what a browser's numbers hold exactly


@dataclass(frozen=True)
class Choice:
    """A setting with values that have names; `what` says in words what they are, where they are many."""

    options: tuple[str, ...]
    default: str
    what: str = ""

    def problem(self, text: str) -> str:
        """Return what was expected, or "" when `text` will do."""
        return "" if text in self.options else self.what or f"one of {', '.join(self.options)}"

    def is_default(self, text: str) -> bool:
        """Whether `text` is what stands there anyway."""
        return text == self.default


@dataclass(frozen=True)
class Number:
    """A setting that is a number within a range."""

    least: float
    greatest: float
    default: float
    whole: bool = False

    def problem(self, text: str) -> str:
        """Return what was expected, or "" when `text` will do."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        usable = math.isfinite(value) and self.least <= value <= self.greatest
        if usable and (not self.whole or value == int(value)):
            return ""
        kind = "a whole number" if self.whole else "a number"
        least, greatest = (f"{int(end) if end == int(end) else end:,}" for end in (self.least, self.greatest))
        return f"{kind} from {least} to {greatest}"

    def is_default(self, text: str) -> bool:
        """Whether `text` is what stands there anyway."""
        return not self.problem(text) and float(text) == self.default

    def instead(self, text: str) -> str:
        """Return what Streamlit shows when `text` is in the link: it cuts 2.5 to 2, and drops the rest."""
        usable = self.whole and not Number(self.least, self.greatest, self.default).problem(text)
        return str(int(float(text))) if usable else f"{self.default:g}"

    def bounds(self) -> dict[str, Any]:
        """Return the range and the default as `st.number_input` takes them: all whole or all not."""
        kind = int if self.whole else float
        return {"min_value": kind(self.least), "max_value": kind(self.greatest), "value": kind(self.default)}


Setting: TypeAlias = Choice | Number


def _in_link(setting: core.Choice | core.Number) -> Setting:
    """Return what a link may say of a setting."""
    if isinstance(setting, core.Choice):
        return Choice(tuple(setting.options), setting.default)
    return Number(setting.least, min(setting.greatest, _LARGEST_WHOLE), setting.default, setting.whole)


TRAIN_SETTINGS: Final[Mapping[str, Setting]] = {
    f"train_{name}": _in_link(setting) for name, setting in core.SETTINGS.items() if setting.asked
}
"""The fields of Train but the images, by key: the key is `train_` and the config's own name."""

INTERPOLATE_SETTINGS: Final[Mapping[str, Setting]] = {
    INTERPOLATE_METHOD: Choice(("linear", "slerp"), "linear"),
    INTERPOLATE_STEPS: Number(2, 64, 10, True),
}


CLASS_SETTINGS: Final[Mapping[str, Setting]] = {
    CLASS_PART: Choice(("join", "follow", "task", "lesson", "drawings", "wall"), "join")
}


def choice(key: str) -> Choice:
    """Return what a setting with names may be."""
    setting = {**TRAIN_SETTINGS, **INTERPOLATE_SETTINGS, **CLASS_SETTINGS}[key]
    assert isinstance(setting, Choice)
    return setting


def number(key: str) -> Number:
    """Return what a setting that is a number may be."""
    setting = {**TRAIN_SETTINGS, **INTERPOLATE_SETTINGS}[key]
    assert isinstance(setting, Number)
    return setting


def named(names: Collection[str], default: str, what: str) -> Choice:
    """Return the setting whose options are the names of what is here now."""
    options = tuple(names)
    return Choice(options, default if default in options or not options else options[0], what)


def settings(page: str, *, models: Collection[str], images: Collection[str]) -> Mapping[str, Setting]:
    """Return a page's settings by their names in the URL.

    Args:
        page: the page's name.
        models: names of the models that this browser can open.
        images: names of the image sets.
    """
    model = {
        key: named(models, name, "the name of a model that is here") for key, name in DEFAULT_MODELS.items()
    }
    image_set = named(images, DEFAULT_IMAGES, "the name of an image set")
    every: dict[str, Mapping[str, Setting]] = {
        "explore": {EXPLORE_MODEL: model[EXPLORE_MODEL]},
        "draw": {DRAW_MODEL: model[DRAW_MODEL]},
        "interpolate": {INTERPOLATE_MODEL: model[INTERPOLATE_MODEL], **INTERPOLATE_SETTINGS},
        "class": CLASS_SETTINGS,
        "train": {
            TRAIN_IMAGES: image_set,
            TRAIN_WEIGHTS: named(("", *models), "", "the name of a model that is here"),
            **TRAIN_SETTINGS,
        },
    }
    return every.get(page, {})


def link_values(values: Mapping[str, Any], settings: Mapping[str, Setting]) -> dict[str, str]:
    """Write the values of settings as a link has them: those that are not the default."""
    changed = {name: value for name, value in values.items() if value not in (None, settings[name].default)}
    return {
        name: f"{value:.12g}" if isinstance(value, float) else str(value) for name, value in changed.items()
    }


def link_problems(page: str, query: Mapping[str, str], settings: Mapping[str, Setting]) -> tuple[str, ...]:
    """Say which values of a link cannot be used, and what stands in for each.

    Args:
        page: the page's name.
        query: the URL's parameters.
        settings: the page's settings, by name.

    Returns:
        One sentence in Markdown for each; foreign text in it is disarmed.
    """
    views = {
        "explore": EXPLORE_VIEW,
        "draw": DRAW_VIEW,
        "interpolate": INTERPOLATE_VIEW,
        "train": TRAIN_VIEW,
    }.get(page, ())
    sentences = []
    for name, value in query.items():
        if page == "explore" and name == MISSING:
            sentences.append(
                f"There is no page “{plain(value, longest=40)}” here. This is Explore; the menu has all."
            )
        elif name in settings:
            setting = settings[name]
            expected = setting.problem(value)
            if expected:
                instead = setting.default if isinstance(setting, Choice) else setting.instead(value)
                sentences.append(_sentence(name, value, expected, plain(instead)))
        elif name.startswith(f"{page}_") and name not in views:
            sentences.append(f"The link names {plain(name, longest=40)}, which this page does not have.")
    return tuple(sentences)


def view_problem(name: str, value: str, expected: str) -> str:
    """Say that a value of a component's view in the link cannot be used."""
    return _sentence(name, value, expected, "")


def _sentence(name: str, value: str, expected: str, instead: str) -> str:
    said = f"The link says {plain(name)} = {plain(value, longest=40)}. It should be {plain(expected)}"
    return f"{said}; showing {instead} instead." if instead else f"{said}; left out."


# --- what the frame and the pages remember -----------------------------------------------------------------

_PAGE: Final = "page"
_ENTERED: Final = "page_entered"
_PROBLEMS: Final = "link_problems"


def enter(page: str) -> None:
    """Note which page is drawn; the frame calls it once a run, before the page."""
    st.session_state[_ENTERED] = st.session_state.get(_PAGE) != page
    if st.session_state[_ENTERED]:
        st.session_state[_PROBLEMS] = ()
    st.session_state[_PAGE] = page


def current_page() -> str:
    """Return the page that was drawn last, "" when there was none."""
    return str(st.session_state.get(_PAGE, ""))


def entered() -> bool:
    """Whether this run is the first since the page was opened or come back to."""
    return bool(st.session_state.get(_ENTERED, True))


def problems() -> tuple[str, ...]:
    """Return what the frame and the page said about the link since the page was opened."""
    return tuple(st.session_state.get(_PROBLEMS, ()))


def add_problems(sentences: Collection[str]) -> None:
    """Keep sentences about the link until the page changes: a bad value leaves the URL at once."""
    known = problems()
    st.session_state[_PROBLEMS] = known + tuple(sentence for sentence in sentences if sentence not in known)


def remembered(key: str, make: Callable[[], Any]) -> Any:
    """Return what a page keeps under a key of its own, made when first asked for."""
    if key not in st.session_state:
        st.session_state[key] = make()
    return st.session_state[key]
