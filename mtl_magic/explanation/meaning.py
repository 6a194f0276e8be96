"""What each prediction of a run is: which probability, or which expectation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mtl_magic.problems import listed
from mtl_magic.train.conditional import conditionals

if TYPE_CHECKING:
    from mtl_magic.data.schema import Schema, TaskSchema

FORMS = {
    "binary": "P({})",
    "multiclass": "P({} = each class)",
    "multilabel": "P(each of {})",
    "ordinal": "P({} = each rank)",
    "regression": "E[{}]",
    "count": "E[{}]",
    "ranking": "score of {}, whose order in a list counts",
}


def meanings(outputs: Iterable[tuple[str, str]], schema: Schema) -> dict[str, str]:
    """Of each output by the person's name for it, in order.

    Args:
        outputs: Keras's name and the person's.
        schema: the tasks.
    """
    pairs = tuple(outputs)
    tasks = {task.name: task for task in schema.tasks}
    found = {title: _said(tasks[title], tasks[title].observed) for _, title in pairs if title in tasks}
    for one in conditionals(pairs, schema):
        child = schema.tasks[one.task]
        above = [schema.tasks[k].name for k in one.parents]
        found[one.title] = _said(child, dict.fromkeys([*above, *child.observed]))
    return {title: found[title] for _, title in pairs if title in found}


def _said(task: TaskSchema, parents: Iterable[str]) -> str:
    """'P(buy)', 'E[price | buy = 1]'."""
    given = listed([f"{parent} = 1" for parent in parents])
    loss = task.kind.loss_of()
    form = FORMS.get(task.kind.word, "{}, as its kind says")
    if getattr(loss, "word", "") == "quantile":
        form = f"{loss.q:g}-quantile of {{}}"
    return form.format(f"{task.name} | {given}" if given else task.name)
