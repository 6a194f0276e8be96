"""What to share, and how to balance: evidence of short trainings, and a cell that follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_magic.decide.again import prepared as encoded_again
from mtl_magic.decide.grouping import CHANCE, FEWEST, Evidence, evidence, groups_of
from mtl_magic.decide.single import in_memory, joined, without_tasks
from mtl_magic.decide.trainings import Tell, untold
from mtl_magic.language import spec
from mtl_magic.numbers import short
from mtl_magic.problems import MtlError, Problem

if TYPE_CHECKING:
    from mtl_magic.data.schema import Part, Prepared
    from mtl_magic.decide.affinity import Affinities
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run

ROWS = 300  # of a repeat, at least
REPEATS = 3, 6  # at least, at most
STEPS, EVERY = 48, 4
UNEVEN = 10.0  # norms of gradients so many times apart are balanced


@dataclasses.dataclass(frozen=True)
class Advice:
    """What was measured, and what follows. It shows itself.

    Attributes:
        name: of the run.
        tasks: their names.
        rows, repeats: of the short trainings.
        affinities: what they saw; None: there were too few rows.
        evidence: what they agree on.
        correlation: (K, K) of the labels, over rows that have both; NaN of classes without an order.
        groups: tasks that are to share, by name; () where there is not enough evidence.
        text: the cell that is proposed; '' where there is not enough evidence.
        reasons: sentences, the first of which says what is advised.
    """

    name: str
    tasks: tuple[str, ...]
    rows: int
    repeats: int
    affinities: Affinities | None
    evidence: Evidence | None
    correlation: np.ndarray
    groups: tuple[tuple[str, ...], ...]
    text: str
    reasons: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether there is evidence enough to advise anything."""
        return bool(self.text)

    def __repr__(self) -> str:
        from mtl_magic.decide.show_advice import text

        return text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from mtl_magic.decide.show_advice import bundle

        return bundle(self)


def advise(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
    tell: Tell | None = None,
) -> Advice:
    """See `mtl_magic.advise`."""
    if len(run.tasks) < 2:
        hint = "a cell with several task lines has something to share"
        raise MtlError(Problem("MTL486", f"'{run.name}' has one task, and shares with none", hint=hint))
    rows = encoded_again(run, data, valid, test, namespace=namespace, stream=stream)
    try:
        part = joined([in_memory(p) for p in rows.train])
        return _advised(run, rows, part, namespace, tell or untold)
    finally:
        rows.close()


def _advised(run: Run, rows: Prepared, part: Part, namespace: Mapping[str, Any] | None, tell: Tell) -> Advice:
    from mtl_magic.runs import fitting
    from mtl_magic.runs.quiet import keras_quietly

    program = fitting.compile_program(run.text, namespace)
    correlation = correlations(rows.schema.tasks, part.labels)
    repeats = min(len(part) // ROWS, REPEATS[1])
    if repeats < REPEATS[0]:
        said = f"Not enough evidence: {len(part):,} training rows, and {REPEATS[0] * ROWS:,} are needed for {REPEATS[0]} repeats"
        return Advice(run.name, run.tasks, len(part), 0, None, None, correlation, (), "", (said,))
    keras_quietly()
    from mtl_magic.decide.affinity import measured

    shared = fitting.compile_program(str(_together(run.spec)), namespace)
    alone = dataclasses.replace(
        rows.schema, tasks=tuple(dataclasses.replace(t, observed=()) for t in rows.schema.tasks)
    )
    seen = measured(
        shared, dataclasses.replace(rows, schema=alone), part, repeats=repeats, steps=STEPS, every=EVERY, tell=tell
    )
    found = evidence(seen.look_ahead, seen.cosines)
    groups, text, reasons = _follows(run, program, seen, found)
    named = tuple(tuple(run.tasks[k] for k in group) for group in groups)
    return Advice(run.name, run.tasks, len(part), repeats, seen, found, correlation, named, text, reasons)


def _together(whole: spec.Spec) -> spec.Spec:
    """The cell in which all tasks share one block and none depends on another."""
    kept: list[spec.Statement] = []
    for statement in whole.statements:
        if isinstance(statement, spec.Task):
            kept.append(dataclasses.replace(statement, sources=(), givens=(), weight=None))
        elif isinstance(statement, (spec.Feature, spec.Ignore)):
            kept.append(statement)
        elif isinstance(statement, spec.Settings) and statement.word == "train":
            seed = tuple(a for a in statement.args if a.name == "seed")
            kept += [dataclasses.replace(statement, args=seed)] if seed else []
    units = spec.List((spec.Arg("", spec.Number(64)), spec.Arg("", spec.Number(32))))
    block = spec.Call("mlp", (spec.Arg("units", units), spec.Arg("dropout", spec.Number(0))))
    return spec.Spec((spec.Share(block), *kept))


def correlations(tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the labels (K, K), each pair over the rows that have both; NaN where it has no meaning."""
    count = len(tasks)
    found = np.full((count, count), np.nan)
    ordered = [t.exclusive and t.kind.word != "multiclass" for t in tasks]
    for i in range(count):
        for j in range(count):
            both = np.isfinite(labels[:, i]) & np.isfinite(labels[:, j])
            if ordered[i] and ordered[j] and both.sum() > 2:
                a, b = (labels[both, k].astype("float64") for k in (i, j))
                if a.std() > 0 and b.std() > 0:
                    found[i, j] = np.corrcoef(a, b)[0, 1]
    return found


# -- what follows -----------------------------------------------------------------------------------------------------


def _follows(
    run: Run, program: Program, seen: Affinities, found: Evidence
) -> tuple[tuple[tuple[int, ...], ...], str, tuple[str, ...]]:
    """Groups, the proposed cell, and why."""
    tasks = run.tasks
    what = "the pattern of affinities" if len(tasks) >= FEWEST else "no cosine of two gradients"
    repeats = (
        f"repeats (p = {short(found.p)})" if len(tasks) >= FEWEST else f"is surely other than 0 (p = {short(found.p)})"
    )
    if not found.enough:
        negated = f"{what} does not repeat (p = {short(found.p)})" if len(tasks) >= FEWEST else f"{what} {repeats}"
        return (), "", (f"Not enough evidence: {negated}. The cell may stay as it is.",)
    groups = groups_of(found.scores)
    trunk, between = _between(seen, groups)
    method, why = _method(seen, groups, tasks)
    names = "; ".join(", ".join(tasks[k] for k in group) for group in groups)
    head = f"Share in {len(groups)} groups: {names}." if len(groups) > 1 else f"All tasks share one block: {names}."
    first = (
        f"The pattern of affinities {repeats}."
        if len(tasks) >= FEWEST
        else f"Cosines differ from 0 (p = {short(found.p)})."
    )
    text = str(_proposed(run.spec, program, [[tasks[k] for k in g] for g in groups], trunk=trunk, method=method))
    return groups, text, (head, first, *([between] if len(groups) > 1 else []), why)


def _between(seen: Affinities, groups: Sequence[Sequence[int]]) -> tuple[bool, str]:
    """Whether groups help one another too, so that something below them is shared."""
    from mtl_magic.decide.grouping import p_of

    count = seen.look_ahead.shape[1]
    group_of = {k: g for g, group in enumerate(groups) for k in group}
    apart = np.array([[group_of[i] != group_of[j] for j in range(count)] for i in range(count)])
    if not apart.any():
        return False, ""
    each = np.array([one[apart].mean() for one in seen.look_ahead])
    inside = ~apart & ~np.eye(count, dtype=bool)
    own = np.array([one[inside].mean() for one in seen.look_ahead]) if inside.any() else np.zeros(len(each))
    p = p_of(each)
    if p <= CHANCE and each.mean() > 0.25 * max(own.mean(), 0.0):
        return True, f"Groups help one another as well (p = {short(p)}), so a trunk below them is shared."
    return False, "Between groups no step helps as one within does, so they share features alone."


def _method(seen: Affinities, groups: Sequence[Sequence[int]], tasks: Sequence[str]) -> tuple[str, str]:
    """A balancing method, and why: gradients within groups that conflict, or are of other sizes."""
    from mtl_magic.decide.grouping import p_of

    pairs = [(i, j) for g in groups for i in g for j in g if i < j]
    against = [
        (i, j) for i, j in pairs if np.isfinite(c := seen.cosines[:, i, j]).all() and c.mean() < 0 and p_of(c) <= CHANCE
    ]
    if against:
        i, j = against[0]
        share = short(100 * seen.conflict[i, j])
        return (
            "upgrad",
            f"Gradients of {tasks[i]} and {tasks[j]} conflict in {share}% of the steps, so balance upgrad, which harms no task.",
        )
    norms = np.nanmean(seen.norms, axis=0)
    if np.isfinite(norms).all() and norms.min() > 0 and norms.max() / norms.min() >= UNEVEN:
        big, small = tasks[int(norms.argmax())], tasks[int(norms.argmin())]
        ratio = short(float(norms.max() / norms.min()))
        return "gradnorm", f"The gradient of {big} is {ratio} times that of {small}, so balance gradnorm."
    return "equal", "Gradients within groups neither conflict nor differ much in size, so balance equal."


def _proposed(
    whole: spec.Spec, program: Program, groups: Sequence[Sequence[str]], *, trunk: bool, method: str
) -> spec.Spec:
    """The cell with a block for each group; what is not about sharing or balancing stays."""
    names = {t.name for t in program.tasks}
    first = next(
        (s.block for s in whole.each(spec.Share) if isinstance(s, spec.Share) and isinstance(s.block, spec.Call)),
        spec.Call("mlp"),
    )
    first = first if first.name not in ("none", "cross", "fm", "epnet") else spec.Call("mlp")
    below = _free("trunk", program)
    block_of = {task: _name(k, program) for k, group in enumerate(groups) for task in group}
    made: list[spec.Statement] = []
    if trunk:
        made.append(
            spec.Share(
                spec.Call("mlp", (spec.Arg("units", spec.List((spec.Arg("", spec.Number(128)),))),)), spec.Word(below)
            )
        )
    for k, group in enumerate(groups):
        block = without_tasks(first, names - set(group)) if len(group) > 1 else _plain(first)
        source = (spec.Word(below),) if trunk else ()
        label = spec.Word(_name(k, program)) if len(groups) > 1 or trunk else None
        made.append(spec.Share(block, label, source))
    kept: list[spec.Statement] = []
    for statement in whole.statements:
        if isinstance(statement, (spec.Share, spec.Balance)) or spec.tunes(statement):
            continue
        if isinstance(statement, spec.Task):
            kept += _split(statement, block_of if len(groups) > 1 or trunk else {})
        else:
            kept.append(statement)
    at = next((k for k, s in enumerate(kept) if isinstance(s, spec.Task)), len(kept))
    last = next((k + 1 for k in reversed(range(len(kept))) if isinstance(kept[k], spec.Task)), len(kept))
    return spec.Spec((*kept[:at], *made, *kept[at:last], spec.Balance(spec.Call(method)), *kept[last:]))


def _plain(block: spec.Call) -> spec.Call:
    """The layers of a block for one taker, without gates."""
    return spec.Call("mlp", tuple(a for a in block.args if a.name in ("units", "dropout")))


def _name(k: int, program: Program) -> str:
    return _free(f"group_{k + 1}", program)


def _free(name: str, program: Program) -> str:
    """A name that no task or feature has."""
    taken = {t.name for t in program.tasks} | {f.pattern for f in program.features}
    while name in taken:
        name += "_"
    return name


def _split(statement: spec.Task, block_of: Mapping[str, str]) -> list[spec.Statement]:
    """A task line for each block that its tasks draw from now."""
    found: dict[str, list[spec.Word]] = {}
    for word in statement.names:
        found.setdefault(block_of.get(word.text, ""), []).append(word)
    return [
        dataclasses.replace(statement, names=tuple(words), sources=(spec.Word(block),) if block else ())
        for block, words in found.items()
    ]
