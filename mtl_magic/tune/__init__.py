"""Searches: a cell with `choose(…)`, `range(…)` and a `tune` line is trained many times, and its best run is its run.

    space.py      the cell's spaces by name, and the cell with a value in place of each
    objectives.py what trials are compared by
    oracles.py    keras-tuner's three oracles, which propose values
    trial.py      one trial: its cell, its data, its training, its folder
    tuner.py      keras-tuner's loop over trials, in this process
    folder.py     what a search keeps, and how it goes on
    search.py     the search as an object; running.py makes one
    changes.py    what of its cell may change while it rests
    room.py       what its trials take, and what frees it

keras-tuner is imported late: it takes part of a second, and TensorFlow.
"""
