"""What went wrong, in a sentence for people."""

from __future__ import annotations

import errno
from typing import Final

FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
DISK_FULL: Final = "The server's disk is full, so nothing could be saved. Free some space and try again."
OUT_OF_MEMORY: Final = (
    "The server has not enough memory for this. A smaller model, batch or image set takes less; try that."
)
PROCESS_DIED: Final = (
    "The process doing this was ended from outside, perhaps because memory ran out. Try again."
)
PROCESS_HUNG: Final = "The process doing this had stopped answering and was ended. Try again."
RESTARTED: Final = (
    "The training process was ended from outside and started again; "
    "at most the last five seconds of training were repeated."
)
RESTARTED_HUNG: Final = (
    "The training process had stopped answering and was started again; "
    "at most the last five seconds of training were repeated."
)
DIED_AGAIN: Final = (
    "The training process ended again and again while training this model, most likely because memory ran "
    "out. Try a smaller model, batch or image set."
)
CUT_SHORT: Final = (
    "The training process ended before the last seconds of this run were on disk. "
    "It stands where it was saved last."
)
NOT_KEPT: Final = "The last seconds of this run could not be put on disk. {}"
CANNOT_START: Final = "The training process cannot be started on this server; its log says why."
NOT_A_NUMBER: Final = (
    "The loss is no longer a number: the weights grew until the computer could not hold them. "
    "Start over, or from an earlier state, with a smaller learning rate."
)


def went_back(failed_at: int, step: int, learning_rate: float) -> str:
    """Say that a loss turned NaN, where the run stands now, and what to do."""
    return (
        f"By step {failed_at:,} the loss was no longer a number: steps this large (learning rate "
        f"{learning_rate:g}) had thrown the weights beyond what the computer can hold. The run is back at "
        f"its last good keyframe, step {step:,}. Set a smaller learning rate, such as "
        f"{min(1e-3, learning_rate / 10):g}, and press Resume, or branch from there."
    )


def describe(error: BaseException) -> str:
    """Say in one sentence what an error means for the person who waits, and what to do."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno in FULL:
        return DISK_FULL
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate" in text.lower():
        return OUT_OF_MEMORY
    if isinstance(error, FloatingPointError):
        return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else NOT_A_NUMBER
    ours = isinstance(error, ValueError) or (isinstance(error, OSError) and error.errno is None)
    if ours and text:  # they say what was wrong and what to do
        return text[:500]
    if isinstance(error, OSError) and error.strerror:  # without the paths of the server
        text = error.strerror
    return f"Something went wrong that should not have ({type(error).__name__}: {text[:300]}). Try again."
