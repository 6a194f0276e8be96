"""A run at work on new rows: predictions and exact metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtl_magic.data.streaming.encode import encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pandas as pd

    from mtl_magic.data.schema import Part
    from mtl_magic.runs.run import Metrics, Run


def predict(run: Run, table: Any) -> pd.DataFrame:
    """See `Run.predict`."""
    import pandas as pd

    frames = [frame_of(run, part) for part in encoded(run.schema, table, labels=False)]
    return frames[0] if len(frames) == 1 else pd.concat(frames)


def frame_of(run: Run, part: Part) -> pd.DataFrame:
    """Predictions of encoded rows, as `Run.predict` has them."""
    import pandas as pd

    made = run.predictor(part)
    tasks = {t.name: t for t in run.schema.tasks}
    columns: dict[str, Any] = {}
    for key, title in run.outputs:
        task = tasks.get(title)
        columns |= columns_of(title, task.classes if task else (), made[key], task is None or task.exclusive)
    return pd.DataFrame(columns, index=part.index)


def columns_of(title: str, classes: tuple[Any, ...], values: np.ndarray, exclusive: bool = True) -> dict[str, Any]:
    """An output's columns of a prediction; values (n, units), of a task with classes (n, classes). Where these exclude one
    another the first column is the most probable one.

    Example:
        >>> import numpy as np
        >>> columns_of("kind", ("x", "y"), np.array([[0.9, 0.1]]))
        {'kind': array(['x'], dtype=object), 'kind:x': array([0.9]), 'kind:y': array([0.1])}
    """
    import numpy as np

    if values.shape[1] == 1 and exclusive:
        return {title: values[:, 0]}
    names = np.empty(values.shape[1], object)
    names[:] = classes or range(values.shape[1])
    alike = {type(name) for name in names} in ({int}, {bool}, {float})
    chosen = names[values.argmax(-1)]
    probabilities = {f"{title}:{name}": values[:, i] for i, name in enumerate(names)}
    if not exclusive:
        return probabilities
    return {title: np.array(chosen.tolist()) if alike else chosen, **probabilities}


def encode(run: Run, table: Any) -> dict[str, np.ndarray]:
    """See `Run.encode`."""
    import numpy as np

    parts = list(encoded(run.schema, table, labels=False))
    names = [t.name for t in run.model.inputs]
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


def evaluate(run: Run, table: Any) -> Metrics:
    """Exact metrics on a table; NaN where it has no label."""
    return metrics(run, encoded(run.schema, table))


def metrics(run: Run, parts: Iterable[Part]) -> Metrics:
    """Exact metrics on encoded rows, of which predictions and labels alone are kept."""
    import numpy as np

    made, labels, extras = [], [], []
    for part in parts:
        made.append(run.predictor(part))
        labels.append(part.labels)
        extras.append(part.extras)
    from mtl_magic.train.conditional import conditionals
    from mtl_magic.train.evaluate import metrics_of

    known = np.concatenate(labels)
    beside = {name: np.concatenate([e[name] for e in extras]) for name in extras[0]}
    predicted = {key: np.concatenate([m[key] for m in made]) for key in made[0]}
    tasks = enumerate(run.schema.tasks)
    flags = [known[:, slice(*place)] for place in run.schema.beside.flags]
    found = {t.name: metrics_of(t, predicted[t.key], known[:, k], beside, flags[k]) for k, t in tasks}
    for one in conditionals(run.outputs, run.schema):
        child = run.schema.tasks[one.task]
        found[one.title] = metrics_of(child, predicted[one.key], one.labels(known), beside)
    return found
