"""Tables and pictures of arms that are compared seed by seed, and their place in docs/experiments.md."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running import Line

SINGLE = "single tasks"  # an arm of several trainings: 'single TASK' for each task
NONE_YET = "*No results yet.*"


def half(differences: np.ndarray) -> float:
    """Half of the 95% interval of a mean over seeds, by Student's t; 0 of a single seed, which has none."""
    from scipy.stats import t

    n = len(differences)
    return float(t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0


def with_interval(differences: np.ndarray, digits: int = 4) -> str:
    """'+0.0012 [-0.0003, +0.0027]'."""
    mean, each = differences.mean(), half(differences)
    return f"{mean:+.{digits}f} [{mean - each:+.{digits}f}, {mean + each:+.{digits}f}]"


def with_spread(values: np.ndarray, digits: int = 4) -> str:
    """'.7291 ± .0012': mean and standard deviation over seeds, without the 0 of numbers below 1."""
    spread = values.std(ddof=1) if len(values) > 1 else 0.0
    return " ± ".join(re.sub(r"^(-?)0\.", r"\1.", f"{v:.{digits}f}") for v in (values.mean(), spread))


def better_and_worse(differences: np.ndarray) -> str:
    """'1 / 5': of (seeds, tasks + 1) differences the tasks whose 95% interval lies above 0, and those below it."""
    tasks = differences[:, :-1].T
    above = sum(task.mean() - half(task) > 0 for task in tasks)
    return f"{above} / {sum(task.mean() + half(task) < 0 for task in tasks)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


@dataclasses.dataclass(frozen=True)
class Scored:
    """The test scores of arms, all of the same tasks.

    Attributes:
        metrics: task -> the metric that is compared, higher is better.
        scores: arm -> seed -> (tasks,) test metrics.
        sizes: arm -> numbers that its layers and its tables learn; of single tasks those of all together.
        kept: arm -> mean number of the epoch that was kept.
        failed: arm -> what the package said of its failed trainings.
    """

    metrics: Mapping[str, str]
    scores: dict[str, dict[int, np.ndarray]]
    sizes: dict[str, tuple[int, int]]
    kept: dict[str, float]
    failed: dict[str, str]

    @classmethod
    def of(cls, lines: Sequence[Line], metrics: Mapping[str, str], seeds: Sequence[int]) -> Scored:
        """Of the lines of these seeds; the single tasks' are put together to an arm."""
        at = {(line.arm, line.seed): line for line in lines if line.seed in seeds}
        arms = dict.fromkeys(line.arm for line in lines if line.seed in seeds and not line.arm.startswith("single "))
        made = cls(metrics, {}, {}, {}, {line.arm: line.failed for line in at.values() if line.failed})
        for arm in (SINGLE, *arms):
            parts = [f"single {task}" if arm == SINGLE else arm for task in metrics]
            of_seed = {s: [at[p, s] for p in parts] for s in seeds if all((p, s) in at for p in parts)}
            whole = {s: found for s, found in of_seed.items() if not any(line.failed for line in found)}
            if not whole:
                continue
            made.scores[arm] = {
                s: np.array([_score(line, t, m) for line, (t, m) in zip(found, metrics.items(), strict=True)])
                for s, found in whole.items()
            }
            each = dict(zip(parts, next(iter(whole.values())), strict=True)).values()
            made.sizes[arm] = sum(x.parameters["dense"] for x in each), sum(x.parameters["tables"] for x in each)
            made.kept[arm] = float(np.mean([line.best_epoch or line.epochs for f in whole.values() for line in f]))
        return made

    def only(self, arms: Sequence[str]) -> Scored:
        """These arms alone, in this order, those that have something."""
        here = [arm for arm in arms if arm in self.scores]
        return dataclasses.replace(self, scores={arm: self.scores[arm] for arm in here})

    def renamed(self, names: Mapping[str, str]) -> Scored:
        """With other names of some arms."""
        mine: dict[str, Any] = {
            f.name: {names.get(arm, arm): value for arm, value in getattr(self, f.name).items()}
            for f in dataclasses.fields(self)
            if f.name != "metrics"
        }
        return dataclasses.replace(self, **mine)

    @property
    def seeds(self) -> list[int]:
        """The seeds that the first arm has."""
        return sorted(next(iter(self.scores.values()))) if self.scores else []

    def finished(self) -> Scored:
        """Without the arms that lack a seed of the first arm."""
        return self.only([arm for arm, found in self.scores.items() if found.keys() >= set(self.seeds)])

    def of_arm(self, arm: str) -> np.ndarray:
        """(seeds, tasks + 1): the tasks' scores, and their mean."""
        scores = np.array([self.scores[arm][seed] for seed in self.seeds])
        return np.concatenate([scores, scores.mean(axis=1, keepdims=True)], axis=1)


def _score(line: Line, task: str, metric: str) -> float:
    value = line.test[task][metric]
    return np.nan if value is None else value


def compare(scored: Scored, against: Sequence[str]) -> str:
    """Two tables: each task's score, mean ± standard deviation; the mean score less that of the arms `against`.

    An arm that lacks a seed of the first one is named below them, and is not compared.
    """
    every, scored = scored, scored.finished()
    if not scored.seeds:
        return NONE_YET
    arms = list(scored.scores)
    titles = [f"{task} {metric}" if metric != "auc" else task for task, metric in scored.metrics.items()]
    rows = [[arm, *(with_spread(column) for column in scored.of_arm(arm).T)] for arm in arms]
    there = [other for other in against if other in arms]
    means = {arm: scored.of_arm(arm)[:, -1] for arm in arms}
    differences = [
        [
            arm,
            *("" if arm == other else with_interval(means[arm] - means[other]) for other in there),
            *(
                "" if arm == other else better_and_worse(scored.of_arm(arm) - scored.of_arm(other))
                for other in there[:1]
            ),
            f"{scored.kept[arm]:.1f}",
            f"{scored.sizes[arm][0]:,}",
            f"{scored.sizes[arm][1]:,}",
        ]
        for arm in arms
    ]
    below = [f"{arm} failed: {why}." for arm, why in scored.failed.items()]
    below += [f"Not finished: {', '.join(late)}." for late in [[a for a in every.scores if a not in arms]] if late]
    return "\n".join(
        [
            f"Seeds: {len(scored.seeds)}. Test scores (AUC where nothing else is said), mean ± standard deviation:",
            "",
            table(["", *titles, "mean"], rows),
            "",
            (
                "The mean score, less that of another arm on the same seed, with the 95% interval of the mean over seeds, and the number of "
                "tasks of which that interval lies above or below 0:"
            ),
            "",
            table(
                [
                    "",
                    *(f"less {other}" for other in there),
                    *(f"tasks above/below {o}" for o in there[:1]),
                    "epoch kept",
                    "weights",
                    "in tables",
                ],
                differences,
            ),
            *([""] if below else []),
            *below,
        ]
    )


def draw(scored: Scored, reference: str, path: pathlib.Path) -> None:
    """A panel a task and one for the mean: each arm's score less that of `reference`, with its 95% interval over seeds."""
    scored = scored.finished()
    if not scored.seeds or reference not in scored.scores:
        return
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    from mtl_magic.explanation.colours import LIGHT

    mpl.rcParams |= {"svg.hashsalt": "mtl_magic", "svg.fonttype": "none"}
    arms = [arm for arm in scored.scores if arm != reference]
    titles = [*(f"{t}\n{m}" for t, m in scored.metrics.items()), "mean\nof all"]
    size = (1.6 * len(titles) + 1.6, 0.28 * len(arms) + 1.3)
    figure, axes = plt.subplots(1, len(titles), figsize=size, sharey=True, layout="constrained")
    base = scored.of_arm(reference)
    for k, (axis, title) in enumerate(zip(axes, titles, strict=True)):
        colour = LIGHT[k % len(LIGHT)] if k < len(scored.metrics) else "#333333"
        for y, arm in enumerate(arms):
            each = scored.of_arm(arm)[:, k] - base[:, k]
            axis.errorbar(each.mean(), y, xerr=half(each), color=colour, marker="o", markersize=4, capsize=2)
        axis.axvline(0, color="#b0b0b0", linewidth=1, zorder=0)
        axis.set_title(title, fontsize=8)
        axis.tick_params(labelsize=7)
        axis.locator_params(axis="x", nbins=3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(arms)), arms, fontsize=8)
    axes[0].invert_yaxis()
    figure.supxlabel(f"test score less that of {reference}, by seed, with 95% intervals", fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def insert(document: str, parts: Mapping[str, str]) -> str:
    """The document with each part between its two marks, `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        ValueError: the document lacks the marks of a part.
    """
    for name, text in parts.items():
        opened, closed = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, mark, rest = document.partition(opened)
        _, end, after = rest.partition(closed)
        if not (mark and end):
            raise ValueError(
                f"docs/experiments.md has no place for '{name}': no '{opened.strip()}' before '{closed.strip()}'"
            )
        document = f"{before}{opened}\n{text}\n{closed}{after}"
    return document
