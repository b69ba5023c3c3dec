"""What there is to know of a setting, and what its values may be; the settings stand in `settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

from vae_core.config.families import FAMILIES


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Hold what there is to know of every setting.

    One that some family names among its own (`Family.settings`) concerns those families that do; all others
    concern every family.

    Attributes:
        name: the field's name in its config.
        config: which config it belongs to, the model's or the training's.
        title: what it is called for people.
        summary: what it is, one plain sentence.
        details: what else stands beside its field on Train, in Markdown.
        live: whether it can change while a run trains, from the next step on.
        folded: whether its field lies among those for who wants more.
        asked: whether it is asked for at all; it follows from the images otherwise.
        architectures: those that it concerns; empty for all.
    """

    name: str
    config: Literal["model", "train"]
    title: str
    summary: str
    details: str = ""
    live: bool = False
    folded: bool = False
    asked: bool = True
    architectures: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What it is called within a sentence."""
        return self.title[:1].lower() + self.title[1:]

    @property
    def help(self) -> str:
        """What stands beside its field on Train, in Markdown."""
        live = "Also changes the run that is going on." if self.live else ""
        return " ".join(filter(None, [self.summary, self.details, live]))

    def concerns(self, family: str, architecture: str) -> bool:
        """Whether a model of such a family and architecture has this setting."""
        own = any(self.name in each.settings for each in FAMILIES.values())
        has = not own or self.name in FAMILIES[family].settings
        return has and (not self.architectures or architecture in self.architectures)


@dataclass(frozen=True, kw_only=True)
class Choice(Setting):
    """A setting with values that have names.

    Attributes:
        default: the one that is taken where nothing is said.
        options: what each of them means, in Markdown, in the order in which they are offered.
    """

    default: str
    options: Mapping[str, str]

    @property
    def help(self) -> str:
        """What stands beside its field on Train, in Markdown."""
        return "\\\n".join([super().help, *(f"**{name}**: {what}" for name, what in self.options.items())])

    @property
    def range(self) -> str:
        """What it may be, in words."""
        return f"one of {', '.join(map(repr, self.options))}"

    def checked(self, value: Any, others: Mapping[str, Any]) -> str:
        """Return a value that will do.

        Args:
            value: what was given.
            others: the values of the same config by name; they play no part.

        Raises:
            ValueError: what was given, what was expected.
        """
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(f"{self.name} must be {self.range}; got {value!r}")
        return value


@dataclass(frozen=True, kw_only=True)
class Number(Setting):
    """A setting that is a number within a range.

    Attributes:
        default: the one that is taken where nothing is said.
        least: the smallest that is allowed.
        greatest: the largest.
        whole: whether it counts something.
        unit: of the number, "" where it has none.
        step: by how much its field goes up and down.
        at_most: name of the setting of the same config that it may not exceed either, or "".
    """

    default: float
    least: float
    greatest: float
    whole: bool = False
    unit: str = ""
    step: float = 1.0
    at_most: str = ""

    @property
    def range(self) -> str:
        """What it may be, in words."""
        greatest = f"the number of {self.at_most}" if self.at_most else f"{self.greatest:g}"
        return f"from {self.least:g} to {greatest}" + (f" {self.unit}" if self.unit else "")

    def checked(self, value: Any, others: Mapping[str, Any]) -> float:
        """Return a value that will do, as a plain number.

        Args:
            value: what was given.
            others: the values of the same config by name.

        Raises:
            ValueError: what was given, what was expected.
        """
        greatest = others[self.at_most] if self.at_most else self.greatest
        number = isinstance(value, Integral if self.whole else Real) and not isinstance(value, bool)
        if not number or not self.least <= value <= greatest:  # a NaN is in no range
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(f"{self.name} must be {kind} from {self.least:g} to {greatest:g}; got {value!r}")
        return int(value) if self.whole else float(value)
