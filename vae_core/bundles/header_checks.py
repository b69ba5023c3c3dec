"""The texts of a bundle's header, which may come from anyone: each checked, bounded, and kept as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from vae_core.bundles.history import thinned

if TYPE_CHECKING:
    from vae_core.config.configs import ModelConfig

MAX_TITLE: Final = 200
MAX_TEXT: Final = 20_000
MAX_NAMES: Final = 1_000

OF_FACTOR: Final = "information_"
"""With this begin the names of metrics that hold a number for each latent dimension."""

OF_CLASSES: Final = "class_shares"
"""The metric that holds a number for each class."""

KNOWN_NEEDS: Final[frozenset[str]] = frozenset()
"""What a file may name under `needs`: so far nothing came that older readers would get wrong."""


def checked_table(value: Any, name: str) -> dict[str, Any]:
    """Return a JSON value that must be a table.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, dict):
        raise ValueError(f"its {name} is not a table")
    return value


def checked_image_set(value: Any) -> dict[str, Any]:
    """Return what a header says of its image set; what is missing is empty.

    Raises:
        ValueError: what is wrong with it.
    """
    table = checked_table(value, "image_set")
    size = table.get("size", 0)
    if type(size) is not int or not 0 <= size < 10**9:
        raise ValueError("the size of its image set is not a number of images")
    return {
        "name": _text(table.get("name", ""), MAX_TITLE, "the name of its image set"),
        "title": _text(table.get("title", ""), MAX_TITLE, "the title of its image set"),
        "size": size,
        "label_names": _names(table.get("label_names", []), "label_names"),
        "factor_names": _names(table.get("factor_names", []), "factor_names"),
        "licence": _text(table.get("licence", ""), MAX_TEXT, "the licence of its image set"),
        "source": _text(table.get("source", ""), MAX_TEXT, "the source of its image set"),
    }


def checked_card(value: Any, config: ModelConfig, image_set: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the card's own words; what the model has follows from its config, whatever the card says.

    Raises:
        ValueError: what is wrong with it.
    """
    table = checked_table(value, "card")
    facts = card_facts(config, image_set["factor_names"])
    own = {name: part for name, part in table.items() if name not in {"title", "versions", *facts}}
    return {
        "title": _title(table.get("title", "")),
        "versions": checked_flat_table(table.get("versions", {}), "versions"),
        **checked_flat_table(own, "card"),
        **facts,
    }


def card_facts(config: ModelConfig, factor_names: Sequence[str]) -> dict[str, Any]:
    """Return the part of the card that follows from the configs: what the model has."""
    return {
        "has_encoder": config.has_encoder,
        "has_likelihood": config.has_likelihood,
        "latent_kind": config.latent_kind,
        "n_classes": config.n_classes,
        "factor_names": list(factor_names),
    }


def checked_history(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the measurements made during training, in order; some of them where they take much room.

    Raises:
        ValueError: what is wrong with them.
    """
    if not isinstance(value, list):
        raise ValueError("its history is not a list of entries")
    return thinned([checked_flat_table(entry, "history", lists=True) for entry in value])


def checked_metrics(value: Any) -> dict[str, Any]:
    """Return what was measured: numbers, short texts, and lists of numbers of factors and of the classes.

    Raises:
        ValueError: what is wrong with it.
    """
    table = checked_flat_table(value, "metrics", lists=True)
    for name, part in table.items():
        if isinstance(part, list) and not (name.startswith(OF_FACTOR) or name == OF_CLASSES):
            raise ValueError(f"{name} in its metrics is neither a number nor a text")
    return table


def checked_flat_table(value: Any, what: str, *, lists: bool = False) -> dict[str, Any]:
    """Return a table of numbers, short texts, truths and nulls (and lists of numbers, with `lists`).

    Raises:
        ValueError: what is wrong with it.
    """
    table = checked_table(value, what)
    if len(table) > 100:
        raise ValueError(f"its {what} has {len(table):,} entries in one table; the limit is 100")
    for name, part in table.items():
        _text(name, 60, f"a name in its {what}")
        if isinstance(part, str):
            _text(part, MAX_TITLE, f"{name} in its {what}")
        elif lists and isinstance(part, list):
            if len(part) > 1_000 or not all(_is_number(number) for number in part):
                raise ValueError(f"{name} in its {what} is not a list of at most 1,000 numbers")
        elif not (part is None or isinstance(part, bool) or _is_number(part)):
            raise ValueError(f"{name} in its {what} is neither a number nor a text")
    return table


def checked_needs(value: Any) -> None:
    """Refuse what a file says a reader must know, and this one does not.

    Raises:
        ValueError: its names.
    """
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("its needs are not a list of at most 100 names")
    needs = [_text(name, 60, "a name in its needs") for name in value]
    unknown = [name for name in needs if name not in KNOWN_NEEDS]
    if unknown:
        named = ", ".join(map(repr, unknown))
        raise ValueError(f"it needs {named}, which this version does not know; update Latent Explorer")


def checked_unknown(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return what this version does not know of a table, as it stands there; its names can be shown.

    Raises:
        ValueError: too many entries, or a name that is none.
    """
    if len(values) > 100:
        raise ValueError(f"its {what} has {len(values):,} entries that nobody knows; the limit is 100")
    return {_text(name, 60, f"a name in its {what}"): value for name, value in values.items()}


def one_line(text: str) -> str:
    """Make a title of any text: one line of at most `MAX_TITLE` characters that can be printed."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:MAX_TITLE]


def _title(value: Any) -> str:
    """Return a title, tidied: a sign in it that cannot be seen makes no model unreadable."""
    if isinstance(value, str):
        value = "".join(" " if ord(char) < 32 else char for char in value)
    return one_line(_text(value, MAX_TITLE, "its title"))


def _text(value: Any, limit: int, what: str) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"{what} is not a text of at most {limit:,} characters")
    if any((ord(char) < 32 and char not in "\n\t") or 0xD800 <= ord(char) < 0xE000 for char in value):
        raise ValueError(f"{what} has characters that are no text")
    return value


def _names(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise ValueError(f"{what} is not a list of at most {MAX_NAMES:,} names")
    return tuple(_text(name, MAX_TITLE, f"a name in {what}") for name in value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)
