"""A new architecture is a function and its entry: in a copy of the core it trains, is saved and opened.

In the browser it is opened by `tests/browser/explorer/test_new_architecture.py`.
"""

from pathlib import Path

import pytest

from tests.unit.models.waves import ROOT, run, train_waves


@pytest.mark.process
def test_a_new_architecture_is_a_function_and_an_entry(tmp_path: Path) -> None:
    model = train_waves(tmp_path)

    # a program without the function opens the file all the same: its lists are what runs
    open_it = (
        "import sys, torch; from vae_core import load_bundle; b = load_bundle(sys.argv[1]);"
        "assert b.model_config.architecture == 'waves' and b.model_config.nets;"
        "assert b.model.decode_images(torch.zeros(1, 2)).shape == (1, 1, 8, 8)"
    )
    run(open_it, ROOT, str(model))
