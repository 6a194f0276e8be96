"""Which spaces mattered: the permutation importance of a random forest that predicts an objective from the trials' values.

Of a search with few trials nothing can be told: there must be at least `LEAST`, and twice as many as spaces. The forest's
own fit is said, too: where it explains nothing (R² near 0, on trials that each tree has not seen), its importances mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from mtl_magic.tune.folder import Trial
    from mtl_magic.tune.search import Search
    from mtl_magic.tune.space import Hyper

LEAST = 8
TREES, REPEATS = 100, 10


def enough(search: Search) -> bool:
    """Whether there are trials enough to tell."""
    count = sum(t.counts for t in search.folder.trials())
    return count >= max(LEAST, 2 * len(search.space.hypers))


def importance(search: Search) -> pd.DataFrame:
    """How much each space mattered for each objective.

    A random forest (Breiman 2001) of the trials' values predicts the objective; the importance of a space is how much of the explained
    variance is lost where its values are permuted among the trials, over the sum of all spaces: 1 is all of it. What is left of an importance
    below 0 is chance, and is 0 here.

    Returns:
        A DataFrame, one row a space: 'parameter', then a column an objective; `attrs['explained']` is the forest's R² on
        trials out of each tree's sample. No rows where there are too few trials.
    """
    import pandas as pd

    hypers, names = search.space.hypers, [o.name for o in search.objectives]
    frame = pd.DataFrame({"parameter": [h.name for h in hypers], **dict.fromkeys(names, 0.0)})
    if not enough(search):
        return frame.head(0)
    done = [t for t in search.folder.trials() if t.counts]
    table = np.array([[column(h, t) for h in hypers] for t in done])
    explained = {}
    for name in names:
        values = np.array([t.objectives[name] for t in done])
        found, explained[name] = _measured(table, values)
        frame[name] = found
    frame.attrs["explained"] = explained
    return frame


def column(hyper: Hyper, trial: Trial) -> float:
    """A value as the forest sees it: its place on the axis; -1 where the space is not there."""
    value = trial.values.get(hyper.name)
    return -1.0 if value is None else hyper.place(value)


def _measured(table: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Shares (columns,), and R² on what each tree has not seen."""
    if np.ptp(values) == 0:
        return np.zeros(table.shape[1]), 0.0
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    from mtl_magic.tasks.metrics import ranks

    ranked = (ranks(values) - 1) / (len(values) - 1)  # one trial far off must not be all of the variance
    forest: Any = RandomForestRegressor(TREES, min_samples_leaf=2, oob_score=True, random_state=0, n_jobs=1)
    forest.fit(table, ranked)
    found = permutation_importance(forest, table, ranked, n_repeats=REPEATS, random_state=0, n_jobs=1).importances_mean
    found = np.maximum(found, 0.0)
    total = found.sum()
    return (found / total if total > 0 else found), float(forest.oob_score_)
