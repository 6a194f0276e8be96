"""Spec to Program: `{…}` evaluated once each, values converted, defaults filled in, blocks put in order."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.language.bind import Bound, bind
from mtl_magic.language.check import check, default_given
from mtl_magic.language.graph import ordered
from mtl_magic.language.names import did_you_mean, shown
from mtl_magic.language.topology import Topology
from mtl_magic.language.values import UNKNOWN, Binder
from mtl_magic.problems import MtlError, Problem, Span
from mtl_magic.program import INPUTS, BlockPlan, FeatureRule, GivenPlan, Program, TaskPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtl_magic.registry import Declaration, Registry


def resolve(whole: spec.Spec, registry: Registry, namespace: Mapping[str, Any] | None = None) -> Program:
    """The program of a spec: everything that a run needs to know.

    Args:
        whole: the spec.
        registry: the words.
        namespace: where `{…}` is evaluated; None: a cell with `{…}` is refused.

    Raises:
        MtlError: a `{…}` that fails or does not fit its place, or whatever `parse` would say of the spec.

    Example:
        >>> from mtl_magic.language import parse
        >>> from mtl_magic.vocabulary import vocabulary
        >>> program = resolve(parse("task click: binary weight {2 * w}", vocabulary()), vocabulary(), {"w": 0.25})
        >>> [(t.name, t.weight, t.sources) for t in program.tasks]
        [('click', 0.5, ('',))]
    """
    static = [bind(s, Binder(registry)) for s in whole.statements]
    problems = (
        [p for b in static for p in b.problems] + check(static, registry, Span(1, 1, 1, 1)) + _nothing_to_tune(static)
    )
    if problems:
        raise MtlError(problems, whole.text)
    python = Evaluator(namespace)
    bound = [bind(s, Binder(registry, python)) for s in whole.statements]
    problems = python.problems + [p for b in bound for p in b.problems]
    maker = _Maker(whole, bound, registry)
    program = maker.program() if not problems else None
    if program is None or maker.problems:
        raise MtlError(problems + maker.problems, whole.text) from python.cause
    return program


def _nothing_to_tune(bound: Sequence[Bound]) -> list[Problem]:
    """A cell may be written in any order, so that it is no mistake before the cell runs."""
    tunes = [b.statement for b in bound if spec.tunes(b.statement)]
    if not tunes or any(b.searches for b in bound):
        return []
    hint = "write choose(4, 8) or range(1e-4, 1e-2, log) in place of a value, or leave the line out"
    return [Problem("MTL049", "there is nothing to tune: no search space stands in the cell", tunes[0].span, hint)]


class Evaluator:
    """Evaluates each `{…}` once, in a copy of the namespace."""

    def __init__(self, namespace: Mapping[str, Any] | None) -> None:
        self.namespace = None if namespace is None else dict(namespace)
        self.problems: list[Problem] = []
        self.cause: BaseException | None = None
        self._values: dict[int, tuple[spec.Python, Any]] = {}

    def __call__(self, node: spec.Python) -> Any:
        """The value, or `UNKNOWN` where the expression raised: then a problem has been noted."""
        if id(node) not in self._values:
            self._values[id(node)] = (node, self._evaluate(node))
        return self._values[id(node)][1]

    def _evaluate(self, node: spec.Python) -> Any:
        if self.namespace is None:
            hint = "give one: mtl_magic.fit(text, data, namespace=globals())"
            self.problems.append(
                Problem("MTL050", "Python in braces needs a namespace, and there is none", node.span, hint)
            )
            return UNKNOWN
        try:
            code = compile(f"({node.text}\n)", "<{…} of the cell>", "eval", dont_inherit=True)
            return eval(code, self.namespace)  # noqa: S307 - the person's own code, in their own namespace
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the person's code raises is theirs to read
            self.cause = self.cause or error
            hint = ""
            if isinstance(error, NameError) and error.name:
                hint = did_you_mean(error.name, [*(n for n in self.namespace if not n.startswith("_")), *dir(builtins)])
            said = shown(str(error), 200)
            message = f"the Python in braces raised {type(error).__name__}" + (f": {said}" if said else "")
            self.problems.append(Problem("MTL051", message, node.span, hint))
            return UNKNOWN


class _Maker:
    def __init__(self, whole: spec.Spec, bound: Sequence[Bound], registry: Registry) -> None:
        self.whole = whole
        self.bound = bound
        self.registry = registry
        self.topology = Topology(whole.statements)
        self.problems: list[Problem] = []

    def program(self) -> Program:
        tasks = self.tasks()
        methods = self.values(spec.Balance)
        settings: dict[str, Any] = {}
        places: dict[str, Span] = {}
        for statement in self.whole.statements:
            if isinstance(statement, spec.Balance) and statement.method.span:
                places["balance"] = statement.method.span
        for word in self.registry.words("settings"):
            settings[word] = self.settings(word, places)
        written = {s.word for s in self.whole.each(spec.Settings) if isinstance(s, spec.Settings)}
        return Program(
            features=self.features(spec.Feature),
            ignores=self.features(spec.Ignore),
            blocks=self.blocks(tasks),
            tasks=tasks,
            balance=methods[0]["method"] if methods else self.default("balance", "equal"),
            split=settings.get("split"),
            train=settings.get("train"),
            split_given="split" in written,
            tune=settings.get("tune") if "tune" in written else None,
            places=places,
            allowed=tuple((s.span, s.allow) for s in self.whole.statements if s.allow),
            text=self.whole.text,
            canonical=str(self.whole),
        )

    def values(self, kind: type[spec.Statement]) -> list[dict[str, Any]]:
        return [b.values for b in self.bound if isinstance(b.statement, kind)]

    def default(self, family: str, word: str) -> Any:
        declaration = self.registry.find(family, word)
        return declaration() if declaration else None

    def features(self, kind: type[spec.Feature | spec.Ignore]) -> tuple[FeatureRule, ...]:
        rules = []
        for bound in self.bound:
            statement = bound.statement
            if isinstance(statement, kind):
                place = statement.kind.span if isinstance(statement, spec.Feature) and statement.kind else None
                kind_value = bound.values.get("kind")
                rules += [FeatureRule(w.text, w.literal, kind_value, w.span, place) for w in statement.names]
        return tuple(rules)

    def sources(self, words: Sequence[spec.Word]) -> tuple[str, ...]:
        """Blocks in their declared spelling; anything else as it was written."""
        return tuple(self.topology.block_of(w) or w.text for w in words)

    def blocks(self, tasks: Sequence[TaskPlan]) -> tuple[BlockPlan, ...]:
        plans = {}
        for bound in self.bound:
            share = bound.statement
            if isinstance(share, spec.Share):
                name = share.name.text if share.name else ""
                spans = tuple(w.span for w in share.sources) or (None,)
                place = share.block.span
                plans[name] = BlockPlan(
                    name, bound.values["block"], self.sources(share.sources) or (INPUTS,), place, spans
                )
        if not plans and any("" in task.sources for task in tasks):
            plans[""] = BlockPlan("", self.default("block", "mlp"), (INPUTS,), None, (None,))
        return tuple(plans[name] for name in ordered({n: p.sources for n, p in plans.items()}))

    def tasks(self) -> tuple[TaskPlan, ...]:
        kinds = {
            word.text: b.values["kind"]
            for b in self.bound
            if isinstance(b.statement, spec.Task)
            for word in b.statement.names
        }
        names = self.topology.task_names
        plans = []
        for bound in self.bound:
            task = bound.statement
            if not isinstance(task, spec.Task):
                continue
            kind = bound.values["kind"]
            givens = []
            for given, method in zip(task.givens, bound.values["methods"], strict=True):
                for word in given.parents:
                    parent = names.find(word.text) or word.text
                    givens.append(GivenPlan(parent, method or self.given(kind, kinds[parent]), word.span))
            sources = self.sources(task.sources) or (self.topology.default() or "",)
            for word in task.names:
                place = task.kind.span if task.kind else None
                label = task.kind.get("label") if isinstance(task.kind, spec.Call) else None
                plans.append(
                    TaskPlan(
                        word.text,
                        kind,
                        sources,
                        tuple(givens),
                        bound.values["weight"],
                        word.span,
                        place,
                        label.span if label else None,
                    )
                )
        return tuple(plans)

    def given(self, child: Any, parent: Any) -> Declaration | None:
        """The default dependency; None where a kind is inferred."""
        if child is None or parent is None:
            return None
        found = default_given(child, parent, self.registry)
        return found() if found else None

    def settings(self, word: str, places: dict[str, Span]) -> Any:
        """The merged lines of a settings statement as its declaration."""
        declaration = self.registry.find("settings", word)
        assert declaration is not None
        merged, place = {}, None
        for bound in self.bound:
            statement = bound.statement
            if isinstance(statement, spec.Settings) and statement.word == word:
                merged.update(bound.values)
                place = place or statement.span
                places.update({f"{word}.{a.name}": a.value.span for a in statement.args if a.value.span})
        if any(p.required and p.name not in merged for p in declaration.params()):
            return None  # nothing was written of it: `check` has seen to the rest
        binder = Binder(self.registry)
        made = binder.instance(declaration, merged, place)
        self.problems += binder.problems
        return made
