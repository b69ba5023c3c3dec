"""Keyframes: what a run looked like at some moments of its past, on disk, to be replayed and branched from.

    keyframes/<step>.safetensors            a message of kind "snapshot" with the decoder's weights, float16
    keyframes/<step>.encoder.safetensors    the other net's, float16, for those who train on from here:
                                            the encoder's, or where there is none the discriminator's
    keyframes/index.json                    which there are

They stand evenly on the square root of the steps, so densely at the start, where most happens. When there are
too many, every second one goes and the next stand twice as far apart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from vae_core.engine.contract import limits
from vae_core.engine.runs.record import number, whole_number
from vae_core.storage.home import write_whole

FOLDER: Final = "keyframes"
INDEX: Final = "index.json"


def keyframe_path(folder: Path, step: int) -> Path:
    """Return where a run's keyframe of a step lies: what the browser gets."""
    return folder / FOLDER / f"{step}.safetensors"


def encoder_path(folder: Path, step: int) -> Path:
    """Return where the weights of that keyframe lie that the browser does not get."""
    return folder / FOLDER / f"{step}.encoder.safetensors"


def read_keyframes(folder: Path) -> list[dict[str, Any]]:
    """Return which keyframes a run has, as tables of step and epoch; none if that cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        index = json.loads((folder / FOLDER / INDEX).read_bytes())
        return [
            {"step": whole_number(each["step"]), "epoch": number(each["epoch"])}
            for each in index["keyframes"]
        ]
    return []


def find_keyframe(listed: Iterable[Mapping[str, Any]], step: int) -> tuple[int, float]:
    """Return the step and epoch of the keyframe at a step.

    Raises:
        KeyError: there is none.
    """
    for each in listed:
        if each["step"] == step:
            return each["step"], each["epoch"]
    raise KeyError(f"there is no keyframe at step {step}")


class Keyframes:
    """Keep the keyframes of one run, within the limits on their number and bytes.

    Args:
        folder: the run's folder; what lies there already is taken over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spacing = 1.0  # in square roots of steps
        self._loose = False  # whether the last one stands where none is due: the next takes its place
        self.listed: list[dict[str, Any]] = read_keyframes(folder)
        with suppress(OSError, ValueError, KeyError, TypeError):
            index = json.loads((folder / FOLDER / INDEX).read_bytes())
            self._spacing, self._loose = float(index["spacing"]), bool(index["loose"])

    @property
    def steps(self) -> list[int]:
        """The steps at which there are keyframes, in order."""
        return [each["step"] for each in self.listed]

    def due(self, step: int) -> bool:
        """Whether a keyframe should be taken at this step."""
        firm = self.steps[:-1] if self._loose else self.steps
        return not firm or math.sqrt(step) >= math.sqrt(firm[-1]) + self._spacing

    def add(self, step: int, epoch: float, shown: bytes, encoder: bytes) -> None:
        """Put a keyframe on disk, one step at most once.

        Args:
            step: optimiser steps taken; more than at the keyframe before.
            epoch: passes over the images.
            shown: what the browser gets.
            encoder: the weights of the net that the browser does not get.

        Raises:
            OSError: the disk is full.
        """
        if step in self.steps:
            return
        due = self.due(step)
        if self._loose and self.listed:
            self._delete([self.listed.pop()])
        affordable = 1e6 * limits.KEYFRAME_MEGABYTES.value() // (len(shown) + len(encoder))
        most = max(2, min(limits.KEYFRAMES.value(), affordable))
        while len(self.listed) >= most:
            self._delete(self.listed[1::2])
            self.listed = self.listed[::2]
            self._spacing *= 2
        write_whole(encoder_path(self._folder, step), encoder)
        write_whole(keyframe_path(self._folder, step), shown)
        self.listed.append({"step": step, "epoch": epoch})
        self._loose = not due
        self._write_index()

    def forget_after(self, step: int) -> None:
        """Delete keyframes of later steps: the run has gone back, or was cut off before they counted."""
        gone = [each for each in self.listed if each["step"] > step]
        if gone:
            self.listed = [each for each in self.listed if each["step"] <= step]
            self._loose = False
            self._write_index()
            self._delete(gone)

    def _write_index(self) -> None:
        index = {"keyframes": self.listed, "spacing": self._spacing, "loose": self._loose}
        write_whole(self._folder / FOLDER / INDEX, json.dumps(index).encode())

    def _delete(self, gone: Sequence[dict[str, Any]]) -> None:
        for each in gone:
            for path in (keyframe_path(self._folder, each["step"]), encoder_path(self._folder, each["step"])):
                with suppress(OSError):
                    path.unlink()
