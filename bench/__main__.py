"""All that one visitor meets, one after the other: `python -m bench`. A class is `python -m bench.classroom`."""

from bench import decoding, drawing, map, time, training, ui

training.main()
decoding.main()
ui.main()
map.main()
time.main()
drawing.main()
