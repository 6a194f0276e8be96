"""What TorchJD's gradient balancing costs: its step over the plain step of the same network in PyTorch.

    make peers                                              (runs this too, in the peers' environment)
    PEERS_PYTHON benchmarks/peers/torchjd_ratio.py [--tasks 2 4 8] [--batch 4096] [--rounds 20]

The network of `benchmarks/balance.py`, whose ratios these are to be compared with: experts and gates are what tasks share, and looked-up rows
are a leaf, so that no Jacobian of a whole table is made; `SparseAdam` moves the table, fused Adam the rest, in both. Steps are
taken in turn; printed are the median ratios of processor times and of times with their bootstrap 95% intervals.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import torch
from torch_peers import Mmoe
from torchjd import aggregation
from torchjd.autojac import jac_to_grad, mtl_backward

IDS, NUMBERS, VALUES = 20, 10, 10_000


class Trained:
    """A network with its optimizers; `method`: an aggregator of TorchJD's, None for the summed loss."""

    def __init__(self, tasks: int, method: aggregation.Aggregator | None) -> None:
        torch.manual_seed(0)
        self.net, self.method = Mmoe([VALUES] * IDS, NUMBERS, tasks), method
        dense = [p for name, p in self.net.named_parameters() if not name.startswith("table")]
        self.shared = [p for name, p in self.net.named_parameters() if name.startswith(("experts", "gates"))]
        self.optimizers = [torch.optim.SparseAdam([self.net.table.weight]), torch.optim.Adam(dense, fused=True)]
        self.loss = torch.nn.BCEWithLogitsLoss()

    def step(self, ids: torch.Tensor, numbers: torch.Tensor, labels: torch.Tensor) -> None:
        net = self.net
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        places = (ids + net.offsets).flatten()
        rows = net.table.weight.detach()[places].requires_grad_()
        x = torch.cat([rows.view(len(ids), -1), numbers], 1)
        experts = torch.stack([expert(x) for expert in net.experts], 1)
        gates = [gate(x) for gate in net.gates]
        mixed = [torch.einsum("be,bed->bd", gate.softmax(1), experts) for gate in gates]
        losses = [
            self.loss(tower(h)[:, 0], labels[:, k]) for k, (tower, h) in enumerate(zip(net.towers, mixed, strict=True))
        ]
        if self.method is None:
            sum(losses).backward()
        else:
            towers = [list(tower.parameters()) for tower in net.towers]
            mtl_backward(losses, [experts, *gates], tasks_params=towers, shared_params=[*self.shared, rows])
            jac_to_grad([*self.shared, rows], self.method)
        net.table.weight.grad = torch.sparse_coo_tensor(
            places[None], rows.grad, net.table.weight.shape, check_invariants=False
        )
        for optimizer in self.optimizers:
            optimizer.step()


def interval(ratios: np.ndarray) -> str:
    """Median and its bootstrap 95% interval, as `benchmarks/common.py` has it, which loads TensorFlow's side."""
    medians = np.median(np.random.default_rng(0).choice(ratios, (2000, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return f"{np.median(ratios):.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--method", default="UPGrad")
    a = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    rng = np.random.default_rng(0)
    print(f"{a.method}, batch {a.batch}, {a.rounds} rounds, over the summed loss: processor time; time")
    for tasks in a.tasks:
        both = [Trained(tasks, None), Trained(tasks, getattr(aggregation, a.method)())]
        seconds = np.zeros((a.rounds + 3, 2, 2))
        for each in seconds:
            batch = (
                torch.from_numpy(rng.integers(0, VALUES, (a.batch, IDS))),
                torch.from_numpy(rng.normal(size=(a.batch, NUMBERS)).astype("float32")),
                torch.from_numpy(rng.integers(0, 2, (a.batch, tasks)).astype("float32")),
            )
            for k, trained in enumerate(both):
                wall, cpu = time.perf_counter(), time.process_time()
                trained.step(*batch)
                each[k] = time.process_time() - cpu, time.perf_counter() - wall
        cpu, wall = (seconds[3:, 1] / seconds[3:, 0]).T
        print(f"{tasks} tasks: {interval(cpu)}; {interval(wall)}", flush=True)


if __name__ == "__main__":
    main()
