"""Every benchmark, one after the other: `python -m bench`."""

from bench import decoding, map, time, training, ui

training.main()
decoding.main()
ui.main()
map.main()
time.main()
