"""How long until the first step is done? Build, trace and one step of the model of `speed.py`, in a fresh process each.

python benchmarks/first_step.py [HAND_WRITTEN_FOLDER] [--batch 4096] [--rounds 5]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from common import baselines

ONE = """
import sys, time
sys.path[:0] = [{here!r}, {folder!r}]
from common import Ours
import numpy as np, recsys_data, tensorflow as tf, keras
import hand_written_keras
arrays = recsys_data.load(100_000, 4)
arrays = tuple(a[:{batch} * 3] for a in arrays)
tf.constant(1.0) + 1  # TensorFlow's own start is nobody's first step
if {who!r} == "ours":
    began = time.perf_counter()
    ours = Ours(recsys_data.VOCABS, arrays, {batch})
    ours.run(1)
else:
    began = time.perf_counter()
    model = hand_written_keras.build(recsys_data.VOCABS, 4)
    model.compile("adam", loss={{f"t{{t}}": "binary_crossentropy" for t in range(4)}})
    x, y = hand_written_keras.feed(*(a[:{batch}] for a in arrays))
    model.fit(x, y, batch_size={batch}, epochs=1, verbose=0)
print(time.perf_counter() - began)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", help="folder of hand_written_keras.py and recsys_data.py")
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    a.folder = baselines(a.folder)
    seconds: dict[str, list[float]] = {"ours": [], "hand-written": []}
    here = __file__.rsplit("/", 1)[0]
    for _ in range(a.rounds):
        for who, times in seconds.items():
            code = ONE.format(who=who, folder=a.folder, batch=a.batch, here=here)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            times.append(float(done.stdout.split()[-1]))
    for who, times in seconds.items():
        print(
            f"{who}: first step after {sorted(times)[len(times) // 2]:.2f} s (min {min(times):.2f}, max {max(times):.2f})"
        )


if __name__ == "__main__":
    main()
