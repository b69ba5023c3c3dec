"""Whose turn it is: everyone in a ring, and who has just asked for something a little earlier.

Turns belong to owners, not to runs: whoever presses buttons without pause does that in a time of their own.
Five rules keep the others' maps moving:

- after each *first* turn (for a new run, Resume, Step, ...) comes an ordinary one, and first turns get at
  most a third of the time;
- an owner has one first turn a round; what they ask for besides waits for their place in the ring;
- whoever takes longer than a turn, as a large step may, is in *debt*, and is passed over until it is paid;
  a frame that takes longer than a turn of many is held only against those who have just asked for something;
- who has asked for nothing of late, and has waited for a short round, waits no longer;
- one person alone gets long turns, so that nothing is lost on changing over; many get short ones.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

FIRST_TURN: Final = 0.5
LONGEST_TURN: Final = 2.0

ROUND: Final = 1.0
ROUND_EACH: Final = 0.06
LONGEST_ROUND: Final = 3.0
"""Seconds that the ordinary turns of a round may take: some, and more for each who takes part, to so many.

With the first turns, half as long, in between, nobody waits longer than 2 s beside four others who ask
without pause, nor 5 s beside forty."""

FIRST_SHARE: Final = 0.5
"""Seconds of first turns to each second of ordinary ones."""

QUIET_SECONDS: Final = 10.0
"""Seconds of turns since what was asked for last has come: after them an owner asks for nothing of late."""

PATIENCE: Final = 2.2
"""Seconds that one who asks for nothing waits at most before the others are passed by."""

A_FRAME: Final = 0.38
"""Seconds that training up to a frame may take on a busy machine."""

MOST_DEBT: Final = 3.0
"""Seconds that may be owed; what was more is forgiven."""


@dataclass(frozen=True)
class Turn:
    """Say whose turn it is.

    Attributes:
        owner: who; the hash of their name.
        seconds: for how long.
        is_first: whether it comes early, because they asked for something.
    """

    owner: str
    seconds: float
    is_first: bool


class Schedule:
    """Order the owners whose runs take turns in one process."""

    def __init__(self) -> None:
        self._ring: deque[str] = deque()
        self._asked: dict[str, None] = {}  # who waits for a first turn, the longest first
        self._had: dict[str, set[str]] = {}  # who had one, and whose turns are to come before they may again
        self._debts: dict[str, float] = {}
        self._owed = 0.0  # seconds of ordinary turns that come before the next first one
        self._now = 0.0  # seconds of all turns
        self._waits_since: dict[str, float] = {}
        self._asked_at: dict[str, float] = {}
        self._was_first = self._was_early = False

    def __len__(self) -> int:
        return len(self._ring)

    def __contains__(self, owner: str) -> bool:
        return owner in self._waits_since

    def add(self, owner: str, *, asks: bool) -> None:
        """Let an owner take turns; one who does already keeps the place.

        Args:
            owner: who.
            asks: whether a first turn is due: they have just asked for something.
        """
        if owner not in self:
            self._ring.append(owner)
            self._waits_since[owner] = self._now
        if asks:
            self._asked.setdefault(owner)
            self._asked_at[owner] = self._now

    def remove(self, owner: str) -> None:
        """Let an owner take no more turns; debts, and a first turn that was had, stay."""
        if owner in self:
            self._ring.remove(owner)
            del self._waits_since[owner]
            self._note_turn(owner)
        self._asked.pop(owner, None)

    def is_urgent(self, spent: float = 0.0) -> bool:
        """Whether someone's first turn should come now.

        Args:
            spent: seconds that the ordinary turn under way has taken.
        """
        if not spent and self._was_first and len(self) > 1:
            return False
        return self._owed <= spent and self._next_to_ask() is not None

    @property
    def is_asked(self) -> bool:
        """Whether someone waits for a first turn in this round; all who do share the time for these."""
        return self._next_to_ask() is not None

    def turn(self) -> Turn | None:
        """Return whose turn it is; None when nobody is there."""
        if self.is_urgent() and (asking := self._next_to_ask()) is not None:
            self._serve(asking)
            self._had[asking] = set(self._ring) - {asking}
            self._put_last(asking)  # those who did not ask come before their next
            return Turn(asking, FIRST_TURN, is_first=True)
        early = None if self._was_early else self._next_to_lose_patience()
        self._was_early = early is not None
        while self._ring:
            owner, length = early or self._ring[0], self.length()
            self._put_last(owner)
            self._note_turn(owner)
            debt = self._debts.pop(owner, 0.0)
            if debt >= length:
                self._debts[owner] = debt - length
            else:
                self._serve(owner)
                return Turn(owner, length - debt, is_first=False)
        return None

    def took(self, turn: Turn, seconds: float, worked: float | None = None) -> None:
        """Note how long a turn really took.

        Args:
            turn: which.
            seconds: on the clock.
            worked: of these at work, as far as known: that others took the processor meanwhile is held
                against nobody who asks for nothing.
        """
        self._now += seconds
        if turn.owner in self:
            self._waits_since[turn.owner] = self._now
        self._was_first = turn.is_first
        if turn.is_first:
            self._owed += seconds / FIRST_SHARE
        else:
            self._owed = max(0.0, self._owed - seconds)
        if turn.owner in self._asked_at:
            self.charge(turn.owner, seconds - turn.seconds)
        else:
            held = seconds if worked is None else min(worked, seconds)
            self.charge(turn.owner, held - turn.seconds - max(0.0, A_FRAME - self.length()))
        for owner in self._debts.keys() - self._waits_since.keys():  # time goes by for who is not here, too
            self._debts[owner] -= seconds / max(1, len(self))
        self._debts = {owner: debt for owner, debt in self._debts.items() if debt > 0}
        self._asked_at = {
            owner: when
            for owner, when in self._asked_at.items()
            if owner in self._asked or self._now - when <= QUIET_SECONDS
        }

    def charge(self, owner: str, seconds: float) -> None:
        """Let an owner pay for time that was taken out of turn."""
        if seconds > 0:
            self._debts[owner] = min(MOST_DEBT, self._debts.get(owner, 0.0) + seconds)

    def length(self) -> float:
        """Return the length of an ordinary turn in seconds."""
        return min(LONGEST_TURN, self._round() / max(1, len(self)))

    def _round(self) -> float:
        """Return how long the ordinary turns of a round may take in seconds."""
        return min(LONGEST_ROUND, ROUND + ROUND_EACH * len(self))

    def _next_to_ask(self) -> str | None:
        """Return who has waited longest for a first turn that may come in this round."""
        if len(self) == 1:
            return next(iter(self._asked), None)
        may = (owner for owner in self._asked if owner not in self._had and self._has_paid(owner))
        return next(may, None)

    def _next_to_lose_patience(self) -> str | None:
        """Return who has asked for nothing of late, and waited for `PATIENCE` or a shorter round."""
        patience = min(PATIENCE, self._round())
        waited = (owner for owner in self._ring if self._now - self._waits_since[owner] > patience)
        return next((each for each in waited if each not in self._asked_at and self._has_paid(each)), None)

    def _has_paid(self, owner: str) -> bool:
        return self._debts.get(owner, 0.0) < self.length()

    def _serve(self, owner: str) -> None:
        """Note that what an owner may have asked for comes now."""
        if owner in self._asked:
            del self._asked[owner]
            self._asked_at[owner] = self._now

    def _put_last(self, owner: str) -> None:
        self._ring.remove(owner)
        self._ring.append(owner)

    def _note_turn(self, owner: str) -> None:
        """Strike an owner from those who come before the first turns of others."""
        for asked, before in list(self._had.items()):
            before.discard(owner)
            if not before:
                del self._had[asked]
