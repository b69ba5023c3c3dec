"""One place for each thing: what is declared once stands nowhere else."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def places_of(word: str) -> set[str]:
    """Return the files of the app, its core and its JavaScript that hold a word."""
    found = {ROOT / "app.py"}
    for folder, kinds in (("vae_core", ["py"]), ("ui", ["py"]), ("pages", ["py"]), ("assets", ["js", "css"])):
        for kind in kinds:
            found |= set((ROOT / folder).rglob(f"*.{kind}"))
    assert len(found) > 200
    return {str(path.relative_to(ROOT)) for path in found if word in path.read_text(encoding="utf-8")}


def test_a_live_setting_stands_in_its_entry_its_field_and_where_it_is_used() -> None:
    assert places_of("weight_decay") == {
        "vae_core/config/settings.py",
        "vae_core/config/configs.py",
        "vae_core/training/descent.py",
        "vae_core/training/learner.py",
    }
