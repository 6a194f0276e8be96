"""The PyTorch side of `turns.py`; runs in the peers' environment, which has no TensorFlow and nothing of ours."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids (n, columns), numbers (n, columns), labels (n, tasks)
DIM, EXPERTS, EXPERT, TOWER = 16, 8, [128, 64], [64, 32]


class Timed:
    """Batches, with the time at which each is asked for."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self.batches, self.at = batches, []

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            self.at.append(time.perf_counter())
            yield batch
        self.at.append(time.perf_counter())

    def seconds(self) -> float:
        """Median seconds from one batch to the next: loading, then the step; the first, which starts up, left out."""
        return float(np.median(np.diff(self.at)[1:]))


class Rechub:
    """torch-rechub's MMOE and trainer; `fed`: with ready batches in place of its data loader."""

    def __init__(self, vocabs: list[int], arrays: Arrays, batch: int, *, fed: bool) -> None:
        from torch_rechub.basic.features import DenseFeature, SparseFeature
        from torch_rechub.models.multi_task import MMOE
        from torch_rechub.trainers import MTLTrainer

        self.batch, self.fed, self.start = batch, fed, 0
        cat, num, self.y = arrays
        self.x = {f"c{j}": np.ascontiguousarray(cat[:, j]) for j in range(cat.shape[1])}
        self.x |= {f"n{j}": np.ascontiguousarray(num[:, j]) for j in range(num.shape[1])}
        features = [SparseFeature(f"c{j}", v, embed_dim=DIM) for j, v in enumerate(vocabs)]
        features += [DenseFeature(f"n{j}") for j in range(num.shape[1])]
        tasks = ["classification"] * self.y.shape[1]
        model = MMOE(features, tasks, EXPERTS, {"dims": EXPERT}, [{"dims": TOWER}] * len(tasks))
        self.trainer = MTLTrainer(model, tasks)

    def run(self, steps: int) -> float:
        from torch_rechub.utils.data import DataGenerator

        rows = slice(self.start, self.start + (steps + 1) * self.batch)
        self.start = rows.stop
        x, y = {name: values[rows] for name, values in self.x.items()}, self.y[rows]
        if self.fed:
            cut = [slice(k * self.batch, (k + 1) * self.batch) for k in range(steps + 1)]
            tensors, labels = {n: torch.from_numpy(v) for n, v in x.items()}, torch.from_numpy(y)
            timed = Timed([({n: v[s] for n, v in tensors.items()}, labels[s]) for s in cut])
        else:
            loader, _, _ = DataGenerator(x, y).generate_dataloader(
                x_val=x, y_val=y, x_test=x, y_test=y, batch_size=self.batch
            )
            timed = Timed(loader)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            self.trainer.train_one_epoch(timed)
        return timed.seconds()


class Mmoe(nn.Module):
    """The network of `hand_written_keras.py`, over one embedding table."""

    def __init__(self, vocabs: list[int], numbers: int, tasks: int) -> None:
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, *itertools.accumulate(vocabs)][:-1]))
        self.table = nn.Embedding(sum(vocabs), DIM, sparse=True)
        width = DIM * len(vocabs) + numbers
        self.experts = nn.ModuleList(_stack(width, EXPERT) for _ in range(EXPERTS))
        self.gates = nn.ModuleList(nn.Linear(width, EXPERTS) for _ in range(tasks))
        self.towers = nn.ModuleList(
            nn.Sequential(_stack(EXPERT[-1], TOWER), nn.Linear(TOWER[-1], 1)) for _ in range(tasks)
        )

    def forward(self, ids: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.table(ids + self.offsets).flatten(1), numbers], 1)
        experts = torch.stack([expert(x) for expert in self.experts], 1)
        mixed = [torch.einsum("be,bed->bd", gate(x).softmax(1), experts) for gate in self.gates]
        return torch.cat([tower(h) for tower, h in zip(self.towers, mixed, strict=True)], 1)


def _stack(width: int, units: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for below, above in itertools.pairwise([width, *units]):
        layers += [nn.Linear(below, above), nn.ReLU()]
    return nn.Sequential(*layers)


class SparseAdam:
    """Rows touched alone are updated, as in ours; batches are gathered from packed tensors in a random order."""

    def __init__(self, vocabs: list[int], arrays: Arrays, batch: int) -> None:
        self.ids, self.numbers, self.labels = map(torch.from_numpy, arrays)
        self.batch, self.order = batch, iter(torch.randperm(len(self.ids)).split(batch))
        self.net = Mmoe(vocabs, self.numbers.shape[1], self.labels.shape[1])
        dense = [p for name, p in self.net.named_parameters() if not name.startswith("table")]
        self.optimizers = [torch.optim.SparseAdam([self.net.table.weight]), torch.optim.Adam(dense, fused=True)]
        self.loss = nn.BCEWithLogitsLoss()

    def run(self, steps: int) -> float:
        times = []
        for _ in range(steps):
            began = time.perf_counter()
            rows = next(self.order)
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            logits = self.net(self.ids[rows], self.numbers[rows])
            loss = sum(self.loss(logits[:, k], self.labels[rows, k]) for k in range(self.labels.shape[1]))
            loss.backward()
            for optimizer in self.optimizers:
                optimizer.step()
            times.append(time.perf_counter() - began)
        return float(np.median(times))


def main(name: str, folder: str, batch: str, tasks: str, rows: str) -> None:
    sys.path.insert(0, folder)
    import recsys_data

    torch.set_num_threads(os.cpu_count() or 1)
    arrays = recsys_data.load(int(rows), int(tasks))
    vocabs = recsys_data.VOCABS
    peer: Any
    peer = SparseAdam(vocabs, arrays, int(batch)) if name == "sparse-adam" else None
    peer = peer or Rechub(vocabs, arrays, int(batch), fed=name == "rechub-fed")
    for line in sys.stdin:
        print(json.dumps(peer.run(int(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
