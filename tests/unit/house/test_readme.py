"""The README's lines of Python run as they stand, from any folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]


def test_the_lines_of_python_train_save_load_encode_walk_and_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## In Python\n")[2]
    (block,) = re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    values = [float(line) for line in capsys.readouterr().out.split()]
    assert len(values) == 3
    assert values[-1] > values[0], "it learned"
    assert (tmp_path / "digits.safetensors").is_file()
    with Image.open(tmp_path / "walk.png") as picture:
        assert picture.size == (80, 8)


def test_the_page_on_the_file_format_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (path,) = re.findall(r"\]\((vae_core/[^)]+)\)", text)
    said = (ROOT / path).read_text(encoding="utf-8")
    for name in ("probe.images", "format_version"):
        assert name in said
