"""Labels, `predict()` and `evaluate()`: what goes in beside the features, and what comes out."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from mtl_magic.runs.code.functions import encoding
from mtl_magic.runs.code.functions import labels as of_labels
from mtl_magic.runs.code.functions import metrics as of_metrics
from mtl_magic.runs.code.text import STEP, Raw, assign, call, quoted, show
from mtl_magic.runs.code.writers import MetricAt, TaskAt, TaskText, writer
from mtl_magic.train.conditional import conditionals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.runs.code.plan import Plan
    from mtl_magic.runs.code.relations import TermText

WEIGHTS = "model.weights.h5"


class Answers:
    """The tasks of a script."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tasks = plan.schema.tasks
        self.texts: dict[str, TaskText] = {t.name: self._text(t, t.name) for t in self.tasks}

    def _text(self, task: Any, title: str) -> TaskText:
        at = TaskAt(self.plan.functions, title, self.plan.classes(task), task)
        made: TaskText = writer("task", task.kind.word)(task.kind, at)
        return made

    def constants(self) -> list[str]:
        classes = {t.key: _classes(t) for t in self.tasks if self.texts[t.name].lists_classes}
        return ["", "# task -> its classes", *assign("CLASSES", classes, 0)] if classes else []

    def labels(self) -> list[str]:
        made = {t.key: self._label(t) for t in self.tasks}
        shape = "(rows,), of several classes (rows, classes)" if self._several else "(rows,)"
        lines = [
            "def labels(frame: pd.DataFrame) -> dict[str, np.ndarray]:",
            f'    """Each task\'s labels, {shape}, NaN where there is none."""',
        ]
        masked = [t for t in self._parents_first() if t.observed]
        if not masked:
            return [*lines, f"    return {show(made, 1, 7)}"]
        lines += assign("found", made)
        for task in masked:
            mine = f"found[{quoted(task.key)}]"
            for parent in task.observed:
                key = quoted(self.plan.schema.task(parent).key)
                made_of = call(self.plan.functions.use(of_labels.where), Raw(f"found[{key}]"), Raw(mine))
                lines += assign(mine, made_of)
        return [*lines, "    return found"]

    @property
    def _several(self) -> bool:
        return any(text.several for text in self.texts.values())

    def _label(self, task: Any) -> Any:
        """The expression of a task's labels, which its mask leaves out."""
        made = self.texts[task.name].label(Raw(f"frame[{quoted(task.label)}]"))
        if task.kind.mask is None:
            return made
        use = self.plan.functions.use
        mask = call(use(encoding.numbers), Raw(f"frame[{quoted(task.kind.mask)}]"))
        return call(use(of_labels.unmasked), mask, made)

    def _parents_first(self) -> list[Any]:
        order = TopologicalSorter({t.name: t.observed for t in self.tasks}).static_order()
        return [self.plan.schema.task(name) for name in order]

    def targets(self, terms: Mapping[str, TermText]) -> list[str]:
        """`targets()`; the loss of a task with a term reads its parents' labels too."""
        lines = []
        for task in self.tasks:
            target = self.texts[task.name].target
            if target is not None:
                at = f"found[{quoted(task.key)}]"
                lines += assign(at, target(at))
        scale = "; numbers in deviations from their mean" if lines else ""
        scale = scale and "; numbers as their loss takes them" if any(t.learnt for t in self.tasks) else scale
        made = '{task: values[:, None].astype("float32") for task, values in found.items()}'
        if self._several:
            made = f"{{task: {self.plan.functions.use(of_labels.as_rows)}(values) for task, values in found.items()}}"
        further = self._beside(terms)
        begin = [
            "def targets(frame: pd.DataFrame) -> dict[str, np.ndarray]:",
            f'    """Labels as the losses read them, (rows, 1){scale}."""',
            "    found = labels(frame)",
            *lines,
        ]
        if not terms and not further:
            return [*begin, f"    return {made}"]
        if not terms:
            begin[1:2] = [
                f'    """Labels as the losses read them, (rows, 1){scale}.',
                "",
                "    Further columns are the numbers of rows' lists, and rows' weights.",
                '    """',
            ]
            return [*begin, f"    made = {made}", *further, "    return made"]
        begin[1] = f'    """Labels as the losses read them, (rows, 1){scale}; a child\'s with its parents\'."""'
        begin += [f"    made = {made}", "    both = dict(made)"]
        for key, term in terms.items():
            beside = [Raw(f"made[{quoted(name)}]") for name in (key, *term.parents)]
            begin += assign(f"both[{quoted(key)}]", call("np.concatenate", beside, axis=1))
        return [*begin, *[line.replace("made[", "both[") for line in further], "    return both"]

    def _beside(self, terms: Mapping[str, TermText]) -> list[str]:
        """Statements that put a row's list and weight beside its label, where a loss reads them."""
        use, lines = self.plan.functions.use, list[str]()
        for task in self.tasks:
            columns: list[Any] = []
            if task.kind.lists:
                columns.append(call(use(of_labels.list_numbers), Raw(f"frame[{quoted(task.kind.lists)}]")))
            weight = self._weight(task) if task.key not in terms else None
            if weight is not None:
                columns.append(weight)
            elif weighed(task) and task.key in terms:
                self.plan.notes.append(
                    f"Rows of {task.name} weigh alike here, for its loss has a term of a dependency."
                )
            if columns:
                at = f"made[{quoted(task.key)}]"
                lines += assign(at, call(use(of_labels.beside), Raw(at), *columns))
        return lines

    def _weight(self, task: Any) -> Any:
        """The expression of what a task's rows weigh (rows,); None: alike."""
        use, kind = self.plan.functions.use, task.kind
        found: list[Any] = []
        if isinstance(kind.sample_weight, str):
            found.append(
                call("np.nan_to_num", call(use(encoding.numbers), Raw(f"frame[{quoted(kind.sample_weight)}]")))
            )
        elif kind.sample_weight is not None:
            self.plan.notes.append(
                f"The sample weights of {task.name} are a function of your own: its rows weigh alike."
            )
        if task.class_weights:
            label = Raw(f"found[{quoted(task.key)}]")
            found.append(call(use(of_labels.class_weights), label, list(task.class_weights)))
        return None if not found else found[0] if len(found) == 1 else call("np.multiply", *found)

    def predict(self) -> list[str]:
        columns: list[str] = []
        names = {t.key: t for t in self.tasks}
        for key, title in self.plan.run.outputs:
            task = names.get(key) or self.plan.schema.task(title.partition("|")[0])
            text = self.texts[task.name] if key in names else self._text(task, title)
            for name, value in text.columns(Raw(f"logits[{quoted(key)}]")).items():
                before = name if name == "**" else f"{quoted(name)}: "
                columns += f"{STEP * 3}{before}{show(value, 3, len(before), 1)},".split("\n")
        return [
            f'def load_weights(path: pathlib.Path = FOLDER / "{WEIGHTS}") -> keras.Model:',
            '    """The network with trained weights: those of the run."""',
            "    model = build()",
            "    model.load_weights(path)",
            "    return model",
            "",
            "",
            "def predict(frame: pd.DataFrame, model: keras.Model | None = None) -> pd.DataFrame:",
            '    """Predictions, on the index of the table; `model` is in place of the run\'s."""',
            "    model = load_weights() if model is None else model",
            "    logits = model.predict(encode(frame), batch_size=8192, verbose=0)",
            "    return pd.DataFrame(",
            "        {",
            *columns,
            "        },",
            "        index=frame.index,",
            "    )",
        ]

    def evaluate(self) -> list[str]:
        lines = [
            "def evaluate(frame: pd.DataFrame, model: keras.Model | None = None) -> pd.DataFrame:",
            '    """Exact metrics over the rows that have a label: task, metric, value."""',
            "    predicted, found, scores = predict(frame, model), labels(frame), {}",
        ]
        for task in self.tasks:
            known = [f"    known = ~np.isnan(found[{quoted(task.key)}])"]
            if self.texts[task.name].several:
                known = [f"    known = ~np.isnan(found[{quoted(task.key)}]).all(axis=1)"]
            lines += self._scores(task, task.name, self.texts[task.name], known)
        for one in conditionals(self.plan.run.outputs, self.plan.schema):
            task, parents = self.tasks[one.task], [self.tasks[k].key for k in one.parents]
            known = [f"    known = ~np.isnan(found[{quoted(task.key)}])"]
            known += [f"    known &= found[{quoted(parent)}] == 1" for parent in parents]
            lines += self._scores(task, one.title, self._text(task, one.title), known)
        return [
            *lines,
            "",
            "    rows = [(*key, value) for key, value in scores.items()]",
            '    return pd.DataFrame(rows, columns=["task", "metric", "value"])',
        ]

    def _scores(self, task: Any, title: str, text: TaskText, known: list[str]) -> list[str]:
        """Statements of the metrics of an output of the task, on the rows that are `known`."""
        lines = ["", *known, f"    label = found[{quoted(task.key)}][known]"]
        lines += assign("made", Raw(f"{show(text.predicted)}[known]"))
        names = ("y", "p") if text.several else ("label", "made")
        at = MetricAt(
            Raw(names[0]), Raw(names[1]), lambda name: Raw(f"frame[{quoted(name)}].to_numpy()[known]"), task.kind.word
        )
        for metric in task.kind.metrics_of():
            word = getattr(metric, "word", "")
            if word:
                value = writer("metric", word)(metric, self.plan.functions, at)
                if text.several:
                    each = Raw(f"lambda y, p: {show(value)}")
                    value = call(self.plan.functions.use(of_metrics.over_classes), each, Raw("label"), Raw("made"))
                lines += assign(f"scores[{quoted(title)}, {quoted(metric.title)}]", value)
        return lines


def _classes(task: Any) -> Any:
    """The classes of a task, in order of their index."""
    found = list(task.classes) or list(range(task.kind.units(task)))
    counted = found == list(range(len(found))) and not isinstance(found[0], bool)
    return Raw(f"list(range({len(found)}))") if counted else found


def weighed(task: Any) -> bool:
    """Whether rows of the task may weigh something else than 1."""
    return bool(isinstance(task.kind.sample_weight, str) or task.class_weights)
