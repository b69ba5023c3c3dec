"""Collections of drawings: of each browser's own, which a class can join by a link.

Whoever has the link to a collection adds drawings to it, sees how many there are, and deletes those that came
from the same browser; its owner sees and deletes any. What someone may do is asked at each deed, not when a
page was drawn: a link is taken back at any time.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np

from ui.library import links
from ui.library.disk.drawing_files import (
    LONGEST_LABEL,
    PIXELS,
    SIDE,
    Drawing,
    delete_drawing,
    drawings_of,
    new_drawing,
    write_drawing,
)
from ui.library.disk.drawing_room import DrawingError, note_sent, room
from ui.library.image_library import ImageLibrary
from ui.page.text import count
from vae_core.images.image_set import MOST_CLASSES
from vae_core.images.order import held_out_rows
from vae_core.images.own_sets import SUFFIX as SET_SUFFIX
from vae_core.images.own_sets import OwnSet, write_arrays
from vae_core.images.uploads.labels import Labels, by_number
from vae_core.storage.home import incoming, latent_home, owner_hash

LEAST_OF_A_SET: Final = 10

CLOSED: Final = "This collection is closed: whoever opened it takes no more drawings. Nothing was done."
NOT_A_DRAWING: Final = (
    f"A drawing has {SIDE} × {SIDE} grey pixels. This was something else, and was not kept."
)
EMPTY: Final = "There is nothing to see on it, so it was not kept."
NOT_YOURS: Final = "This drawing came from another browser, or is not here any more. Nothing was deleted."


@dataclass(frozen=True)
class Collection:
    """A collection as one browser reaches it.

    Attributes:
        owner: the browser's name.
        token: of the link to another's collection; "" for its own.
    """

    owner: str
    token: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is this browser's, also where it comes by the link it made.

        Raises:
            DrawingError: the link was taken back.
        """
        return self._holder() == owner_hash(self.owner)

    def keep(self, pixels: bytes, label: str = "") -> Drawing:
        """Put a drawing there, on disk before this returns.

        Args:
            pixels: as the model sees it, (28, 28), a byte each.
            label: what it shows; "" for nothing said.

        Raises:
            DrawingError: it is none, its label will not do, there is no room, or the link was taken back.
            OSError: the disk is full.
        """
        holder, me, label = self._holder(), owner_hash(self.owner), proper_label(label)
        if len(pixels) != PIXELS:
            raise DrawingError(NOT_A_DRAWING)
        if len(set(pixels)) < 2:
            raise DrawingError(EMPTY)
        note_sent(me)
        drawing = new_drawing(pixels, label, me)
        with room(holder, drawing):
            write_drawing(holder, drawing)
        return drawing

    def counts(self) -> tuple[int, int]:
        """Return how many drawings there are, and how many of them came from this browser.

        Raises:
            DrawingError: the link was taken back.
        """
        found, me = drawings_of(self._holder()), owner_hash(self.owner)
        return len(found), sum(drawing.by == me for drawing in found)

    def drawings(self) -> tuple[Drawing, ...]:
        """Return the drawings that this browser may see, the newest first: of another's collection its own.

        Raises:
            DrawingError: the link was taken back.
        """
        holder, me = self._holder(), owner_hash(self.owner)
        return tuple(drawing for drawing in drawings_of(holder) if me in (holder, drawing.by))

    def delete(self, *ids: str) -> None:
        """Delete drawings that this browser may see.

        Raises:
            DrawingError: the link was taken back, or one of them is another's or gone already; the others go.
        """
        mine = {drawing.id for drawing in self.drawings()}
        for name in mine.intersection(ids):
            delete_drawing(self._holder(), name)
        if not mine.issuperset(ids):
            raise DrawingError(NOT_YOURS, 403)

    def make_set(self, title: str) -> OwnSet:
        """Make an image set of all that is in one's own collection, which stays as it is.

        Args:
            title: of the set.

        Raises:
            DrawingError: it is another's, or holds too few drawings or too many labels.
            ImageLibraryError: there is no room for a set, or no title.
            OSError: the disk is full.
        """
        if not self.is_own:
            raise DrawingError("Only who opened this collection makes a set of it.", 403)
        found = self.drawings()[::-1]
        if len(found) < LEAST_OF_A_SET:
            here = f"here {'is' if len(found) == 1 else 'are'} {count(len(found), 'drawing')}"
            raise DrawingError(f"A set has {LEAST_OF_A_SET} drawings or more; {here}.")
        has_classes = any(drawing.label for drawing in found)
        labels = by_number([drawing.label for drawing in found], ()) if has_classes else Labels((), ())
        if len(labels.names) > MOST_CLASSES:
            raise DrawingError(
                f"These drawings have {len(labels.names):,} labels; a set has {MOST_CLASSES:,} at most."
            )
        pixels = np.frombuffer(b"".join(drawing.pixels for drawing in found), np.uint8)
        classes = np.array(labels.of or [0] * len(found), np.int64)
        made = incoming(latent_home(), SET_SUFFIX)
        try:
            write_arrays(
                made,
                pixels.reshape(-1, 1, SIDE, SIDE),
                classes if has_classes else None,
                held_out_rows(classes),
                title=title,
                label_names=labels.names,
                source=_account(found, len(labels.names)),
            )
            return ImageLibrary(self.owner).keep(made, title)
        finally:
            made.unlink(missing_ok=True)

    def _holder(self) -> str:
        """Return the hash of whose collection it is; DrawingError when the link leads nowhere any more."""
        if not self.token:
            return owner_hash(self.owner)
        link = links.find(self.token, "drawings")
        if link is None:
            raise DrawingError(CLOSED, 403)
        return link.owner


def proper_label(given: str) -> str:
    """Return a label as it is kept.

    Raises:
        DrawingError: it is too long, or has control characters in it.
    """
    label = unicodedata.normalize("NFC", given).strip()
    if not label.isprintable():
        raise DrawingError("A label is text on one line, without invisible characters. Nothing was kept.")
    if len(label) > LONGEST_LABEL:
        raise DrawingError(
            f"A label has {LONGEST_LABEL} characters at most; this one has {len(label)}. Nothing was kept."
        )
    return label


def _account(found: tuple[Drawing, ...], classes: int) -> str:
    """Say what a set was made of, for its card."""
    by = len({drawing.by for drawing in found})
    named = f"in {count(classes, 'class', 'classes')}" if classes else "without labels"
    browsers = f", from {count(by, 'browser')}" * (by > 1)
    return f"drawn on the pad: {count(len(found), 'drawing')} {named}{browsers}; as the model saw them"
