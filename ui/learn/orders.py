"""What a learner's hand asks of the engine: to start a run of a lesson, or to change one that is going on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from ui.identity.owner import current_owner
from ui.learn.files.lesson import Lesson
from ui.learn.files.reading import make_configs
from vae_core import image_sets
from vae_core.engine import EngineBusyError, RunInfo, get_engine
from vae_core.engine.contract.failures import describe

_DONE: Final = "learn_orders_done"
"""Session key: the number of the order that was obeyed last."""

_RUNS: Final = "learn_runs"
"""Session key: the run that was started last in each lesson, by the lesson's name."""

_REFUSED: Final = "learn_refused"
"""Session key: why the last order was refused."""


@dataclass(frozen=True)
class Order:
    """Hold what the browser asked for.

    Attributes:
        number: grows with each; the same one again is the same order.
        do: "start", "set", or "open" for another lesson.
        values: settings by name; of "open" the lesson's `slug`.
    """

    number: float
    do: str
    values: Mapping[str, Any]


def read_order(said: Any) -> Order | None:
    """Read an order as it came from the browser; None where it is none."""
    if not isinstance(said, Mapping):
        return None
    number, do, values = said.get("number"), said.get("do"), said.get("values")
    if not isinstance(number, (int, float)) or isinstance(number, bool) or not math.isfinite(number):
        return None
    if do not in ("start", "set", "open") or not isinstance(values, Mapping):
        return None
    return Order(number, do, {str(name): value for name, value in values.items()})


def lesson_run(lesson: Lesson) -> RunInfo | None:
    """Return the run that was started last in a lesson; None where there is none, or it is gone."""
    if lesson.training is None:
        return None
    owner = current_owner()
    run_id = st.session_state.get(_RUNS, {}).get(lesson.slug)
    if run_id is None:  # a new session: the run may be the one that trained last here
        run = get_engine().current_run(owner)
        return run if run is not None and run.title.startswith(f"{lesson.title}: ") else None
    try:
        return get_engine().run(owner, run_id)
    except (KeyError, OSError):
        del st.session_state[_RUNS][lesson.slug]
        return None


def refused() -> str:
    """Return why the last order was refused; "" if it was not."""
    return str(st.session_state.get(_REFUSED, ""))


def new_order(said: Any) -> Order | None:
    """Return what the browser ordered, if it is an order that has not been obeyed yet."""
    order = read_order(said)
    if order is None or order.number <= st.session_state.get(_DONE, 0):
        return None
    st.session_state[_DONE] = order.number
    st.session_state[_REFUSED] = ""
    return order


def heard() -> float:
    """Return the number of the order that was obeyed last, 0 before the first."""
    return float(st.session_state.get(_DONE, 0))


def obey(lesson: Lesson, order: Order) -> None:
    """Start a run or change one; why it cannot be is kept in `refused`."""
    if lesson.training is None:
        return
    try:
        values = check_values(lesson, order.values)
        if order.do == "start":
            _start(lesson, values)
        else:
            _set(lesson, values)
    except (EngineBusyError, ValueError) as error:
        st.session_state[_REFUSED] = str(error)
    except OSError as error:
        st.session_state[_REFUSED] = describe(error)
    except KeyError:
        st.session_state[_REFUSED] = "This run is not here any more. Train another one."


def check_values(lesson: Lesson, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the lesson has them; refuse what it does not offer.

    Raises:
        ValueError: naming it.
    """
    choices = lesson.training.choices if lesson.training else {}
    found = {}
    for name, value in values.items():
        if name not in choices or isinstance(value, bool) or value not in choices[name]:
            raise ValueError(f"This lesson does not offer {name} = {value!r}.")
        found[name] = choices[name][choices[name].index(value)]
    return found


def _start(lesson: Lesson, values: Mapping[str, Any]) -> None:
    training = lesson.training
    assert training is not None
    info = next(info for info in image_sets() if info.name == training.images)
    model, train = make_configs(info.shape, training.model, training.train, values)
    chosen = ", ".join(f"{name} {value}" for name, value in values.items())
    run = get_engine().start_run(
        current_owner(),
        image_set=training.images,
        model=model,
        train=train,
        title=f"{lesson.title}: {chosen or 'a run'}",
    )
    st.session_state.setdefault(_RUNS, {})[lesson.slug] = run.id


def _set(lesson: Lesson, values: Mapping[str, Any]) -> None:
    run, training = lesson_run(lesson), lesson.training
    if run is None or training is None:
        raise KeyError(lesson.slug)
    for name in values:
        if name not in training.live:
            raise ValueError(f"{name} cannot be changed while a run is going on.")
    get_engine().set(current_owner(), run.id, **values)
