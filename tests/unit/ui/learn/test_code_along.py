"""Each lesson's script runs, and its notebook is the same code; both have the lesson's settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ui.learn.code_along import notebook_of, script_of
from ui.learn.files.lessons import lessons

ROOT = Path(__file__).resolve().parents[4]
ALL = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.slug)


@ALL
def test_a_script_runs_as_it_is(
    lesson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(ROOT)
    text = script_of(lesson)
    if lesson.training:
        assert f"TRAIN = {dict(lesson.training.train)!r}" in text
        text = text.replace(f"'epochs': {lesson.training.train['epochs']}", "'epochs': 1")
        text = text.replace("'beta_warmup_epochs': [0, 15]", "'beta_warmup_epochs': [0, 1]")
    exec(compile(text, f"{lesson.slug}.py", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.strip()


@ALL
def test_a_notebook_holds_the_same_code(lesson) -> None:
    book = json.loads(notebook_of(lesson))
    code = [cell["source"] for cell in book["cells"] if cell["cell_type"] == "code"]
    assert "".join("\n\n".join(code).split()) == "".join(script_of(lesson).split())
    for cell in code:
        compile(cell, "cell", "exec")


@ALL
def test_a_script_needs_torch_and_the_core_alone(lesson) -> None:
    imported = {
        line.split()[1].split(".")[0]
        for line in script_of(lesson).splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= {"torch", "vae_core", "math"}
