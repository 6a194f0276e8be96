"""The project directory of runs: a folder a run, an index of them, and what takes room there."""
