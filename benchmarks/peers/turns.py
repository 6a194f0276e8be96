"""Rows a second against PyTorch peers, each in an environment of its own, taking turns.

    make peers                                  (sets up build/peers, then runs this)
    python benchmarks/peers/turns.py PEERS_PYTHON [FOLDER] [--batch 512 4096] [--tasks 4] [--rounds 20] [--rows 1000000]

PEERS_PYTHON is an interpreter that has what `constraints/peers.txt` pins; FOLDER (default: `bench` beside the folder of
MTL_MAGIC_DATA) holds `recsys_data.py`. TensorFlow and PyTorch do not share a process here: each competitor is a process
of its own that waits while another runs. They take turns (A B C A B C …) on the same arrays and the same
network; printed is the median of the ratios, round by round, with its bootstrap 95% interval.

- `rechub`: torch-rechub's MMOE with its own `MTLTrainer` and `DataGenerator`, defaults otherwise (Adam on whole tables,
  batch normalisation in its perceptrons).
- `rechub-fed`: the same trainer, given ready batches: what is left of the ratio is not the loading of rows.
- `sparse-adam`: the network by hand in PyTorch, one embedding table, `SparseAdam` for its rows, fused Adam for the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from common import baselines, interval  # noqa: E402 - the folder above is no package


class Competitor:
    """A process that times steps when it is told to."""

    def __init__(self, python: str, script: str, name: str, batch: int, args: argparse.Namespace) -> None:
        self.name = name
        command = [python, str(HERE / script), name, args.folder, str(batch), str(args.tasks), str(args.rows)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, steps: int) -> float:
        """Median seconds a step."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(steps, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self.process.wait()}")
        return float(json.loads(line))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("python", help="interpreter of the peers' environment")
    parser.add_argument("folder", nargs="?", help="folder of recsys_data.py")
    parser.add_argument("--batch", type=int, nargs="+", default=[512, 4096])
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=6, help="timed steps a round")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", nargs="+", default=["rechub", "rechub-fed", "sparse-adam"])
    args = parser.parse_args()
    args.folder = baselines(args.folder)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for batch in args.batch:
        ours = Competitor(sys.executable, "ours.py", "ours", batch, args)
        peers = [Competitor(args.python, "torch_peers.py", name, batch, args) for name in args.peers]
        everyone = [ours, *peers]
        for one in everyone:
            one.run(3)
        times = np.array([[one.run(args.steps) for one in everyone] for _ in range(args.rounds)])
        for one in everyone:
            one.end()
        rates = batch / np.median(times, axis=0)
        print(f"batch {batch}: ours {rates[0]:,.0f} rows/s, {args.rounds} rounds", flush=True)
        for k, peer in enumerate(peers, 1):
            median, low, high = interval(times[:, k] / times[:, 0])
            print(
                f"  {peer.name}: {rates[k]:,.0f} rows/s; ratio {median:.2f} (95% {low:.2f} to {high:.2f})", flush=True
            )


if __name__ == "__main__":
    main()
