"""Our side of `turns.py`: the loop's own batches and compiled step, defaults otherwise."""

from __future__ import annotations

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from common import Ours


def main(_name: str, folder: str, batch: str, tasks: str, rows: str) -> None:
    sys.path.insert(0, folder)
    import recsys_data

    ours = Ours(recsys_data.VOCABS, recsys_data.load(int(rows), int(tasks)), int(batch))
    for line in sys.stdin:
        print(json.dumps(ours.run(int(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
