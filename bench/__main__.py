"""Every benchmark, one after the other: `python -m bench`."""

from bench import training, ui

training.main()
ui.main()
