"""The code of a lesson to take along: a plain script with the lesson's settings; torch and `vae_core` alone.

The scripts lie in `assets/lessons/code/`, one for each thing to touch; what a lesson sets stands in capitals.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from ui.learn.files.lesson import Lesson

FOLDER: Final = Path(__file__).resolve().parents[2] / "assets" / "lessons" / "code"


def script_of(lesson: Lesson) -> str:
    """Return the lesson's script, with its settings filled in."""
    text = (FOLDER / f"{lesson.thing}.py").read_text(encoding="utf-8")
    settings: dict[str, Any] = {}
    if lesson.model:
        settings["BESIDE" if lesson.training else "MODEL"] = f"assets/bundles/{lesson.model}.safetensors"
    if lesson.training:
        settings |= {
            "IMAGES": lesson.training.images,
            "MODEL": dict(lesson.training.model),
            "TRAIN": dict(lesson.training.train),
        }
        if lesson.training.choices:
            settings["CHOICES"] = {name: list(values) for name, values in lesson.training.choices.items()}
    for name, value in settings.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", lambda _: f"{name} = {value!r}", text)  # noqa: B023
        if count != 1:
            raise ValueError(f"{lesson.thing}.py has no place for {name}")
    return text


def notebook_of(lesson: Lesson) -> str:
    """Return the same as a notebook: what the lesson is about, then one cell for each part of the script."""
    parts = script_of(lesson).strip().split("\n\n")
    words = f"# {lesson.title}\n\n{lesson.learns}\n\nRun it in the project's folder."
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "words", "metadata": {}, "source": words}]
    for number, part in enumerate(_whole(parts)):
        cells.append(
            {
                "cell_type": "code",
                "id": f"part-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": part,
            }
        )
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": cells, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def _whole(parts: list[str]) -> list[str]:
    """Join what an indent or an empty line within a block had parted."""
    cells: list[str] = []
    for part in parts:
        if cells and part.startswith((" ", "\t")):
            cells[-1] += "\n\n" + part
        else:
            cells.append(part.strip("\n"))
    return cells
