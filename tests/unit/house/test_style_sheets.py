"""The style sheets: what would be tried anew at each frame of a run."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
AROUND = re.compile(r"(?:\bhtml|\bbody|:root|\*|\.stApp|\.stMain\w*|\.st-key-train_(?:page|stage\w*)):has\(")
"""`:has()` of what holds a running map: whatever changes inside has all of it styled anew, at each frame."""


def test_nothing_around_a_running_map_asks_what_it_holds() -> None:
    assert AROUND.search("html:has(.x) { }")
    assert AROUND.search(".st-key-train_stage:has(.y) > * { }")
    for sheet in (ROOT / "assets").rglob("*.css"):
        assert not AROUND.search(sheet.read_text()), sheet.name
