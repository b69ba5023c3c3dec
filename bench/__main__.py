"""Every benchmark, one after the other: `python -m bench`."""

from bench import decoding, time, training, ui

training.main()
decoding.main()
ui.main()
time.main()
