"""What the statements of a cell say together: names, sources, dependencies, settings. Each rule is one method."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.language.bind import walk
from mtl_magic.language.format import value as written
from mtl_magic.language.graph import circles
from mtl_magic.language.names import MOST, Names, did_you_mean, line_note, quoted_names, shown, wild
from mtl_magic.language.parser import Broken
from mtl_magic.language.topology import Topology
from mtl_magic.language.values import UNKNOWN, Binder, Reference
from mtl_magic.problems import Problem, Span, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtl_magic.language.bind import Bound
    from mtl_magic.registry import Declaration, Registry


def check(bound: Sequence[Bound], registry: Registry, whole: Span) -> list[Problem]:
    """The problems between statements; those within each are in `bound` already. `whole` is the cell's place."""
    return [*_Check(bound, registry).run(whole)]


def default_given(child: Any, parent: Any, registry: Registry) -> type[Declaration] | None:
    """The dependency that `given` means between two task kinds: `esmm` between two binary tasks, else `observed`."""
    both = getattr(child, "word", "") == getattr(parent, "word", "") == "binary"
    return registry.find("given", "esmm" if both else "observed")


def clash_of(methods: Sequence[Any]) -> tuple[int, str]:
    """Which of a task's dependencies cannot stand beside an earlier one, and a sentence about it; '': all can."""
    for i, method in enumerate(methods):
        for other in methods[:i]:
            said = method.clash(other) if hasattr(method, "clash") and hasattr(other, "clash") else ""
            if said:
                return i, said
    return 0, ""


ROWS = ("label", "labels", "mask", "sample_weight", "group")  # options of a task that decide on what it is measured
COMPARED = (*ROWS, "metrics")  # and by what
ONE_METHOD = "name one method for all parents, or chain the tasks"


class _Check:
    def __init__(self, bound: Sequence[Bound], registry: Registry) -> None:
        self.registry = registry
        self.bound = [b for b in bound if not isinstance(b.statement, Broken)]
        self.broken = [b.statement for b in bound if isinstance(b.statement, Broken)]
        self.statements = [b.statement for b in bound if not isinstance(b.statement, Broken)]
        self.tasks = [(w, s) for s in self.each(spec.Task) for w in s.names]
        lost = (n for b in self.broken if b.keyword == "task" for n in b.names)
        self.task_names: Names[spec.Task | None] = Names({**dict.fromkeys(lost), **{w.text: s for w, s in self.tasks}})
        self.topology = Topology(self.statements, self.broken)

    def each(self, kind: type[Any]) -> Iterator[Any]:
        return (s for s in self.statements if isinstance(s, kind))

    def run(self, whole: Span) -> Iterator[Problem]:
        if not self.tasks and not any(b.keyword in ("task", "") for b in self.broken):
            message = "the cell declares no task: nothing would be predicted"
            yield Problem("MTL014", message, whole, "the smallest cell is one line: 'task click: binary'")
        yield from self.duplicates()
        yield from self.one_name()
        yield from self.topology.problems()
        yield from self.dependencies()
        yield from self.references()
        yield from self.settings()
        yield from self.searches()

    # --- names

    def duplicates(self) -> Iterator[Problem]:
        features = [w for s in self.each(spec.Feature) for w in s.names]
        yield from _twice(
            [w for w, _ in self.tasks], "MTL022", "task", "two heads on one column are two names with 'label='"
        )
        yield from _twice(features, "MTL024", "feature", "one column can be two features with 'column='")
        exact = Names({w.text: w for s in self.each(spec.Ignore) for w in s.names if not wild(w)})
        for word in features:
            if not wild(word) and word.text in exact:
                notes = line_note("ignored", exact[word.text].span)
                yield Problem(
                    "MTL024",
                    f"feature '{shown(word.text)}' is ignored as well",
                    word.span,
                    "leave one of the two out",
                    notes,
                )
        methods = list(self.each(spec.Balance))
        for other in methods[1:]:
            yield Problem(
                "MTL047",
                "a second balance line: one method balances the tasks",
                other.span,
                notes=line_note("the first is", methods[0].span),
            )

    def one_name(self) -> Iterator[Problem]:
        for statement, option, thing in itertools.chain(
            ((s, "label", "task") for s in self.each(spec.Task)),
            ((s, "labels", "task") for s in self.each(spec.Task)),
            ((s, "column", "feature") for s in self.each(spec.Feature)),
        ):
            kind = statement.kind
            arg = next((a for a in kind.args if a.name == option), None) if isinstance(kind, spec.Call) else None
            if arg is None:
                continue
            if len(statement.names) > 1:
                one = "the columns of one task" if option == "labels" else "one column"
                message = f"'{option}' names {one}, and this line declares {len(statement.names)} {thing}s"
                yield Problem("MTL033", message, arg.span, f"write one line for each {thing}")
            elif wild(statement.names[0]):
                message = f"'{option}' names one column, and '{statement.names[0].text}' may match several"
                yield Problem("MTL033", message, arg.span, f"write one line for each {thing}")

    # --- dependencies

    def dependencies(self) -> Iterator[Problem]:
        edges: dict[str, list[str]] = {}
        for bound in self.bound:
            statement = bound.statement
            if not isinstance(statement, spec.Task):
                continue
            seen: dict[str, None] = {}
            standing: list[tuple[Any, spec.Node]] = []
            own = {w.text for w in statement.names}
            methods = bound.values["methods"]
            for given, method in zip(statement.givens, methods, strict=True):
                for word in given.parents:
                    parent = self.task_names.find(word.text)
                    wrong = self.parent(statement, word, parent, seen, own)
                    if wrong:
                        yield wrong
                        continue
                    assert parent is not None
                    seen[parent] = None
                    yield from self.fits(statement, given, word, parent, method)
                    standing.append((method or self.default(statement, parent), given.method or word))
            at, said = clash_of([method for method, _ in standing])
            if said:
                who = quoted_names(statement.names, "task")
                yield Problem("MTL031", f"{who}: {said}", standing[at][1].span, ONE_METHOD)
            parents = list(seen)
            edges.update((child, [*edges.get(child, ()), *parents] if child in edges else parents) for child in own)
        for circle in circles(edges):
            place = next(w.span for w, _ in self.tasks if w.text == circle[0])
            chain = " given ".join(f"'{n}'" for n in (*circle, circle[0]))
            yield Problem("MTL030", f"tasks depend on each other in a circle: {chain}", place, "leave one 'given' out")

    def parent(
        self, statement: spec.Task, word: spec.Word, parent: str | None, seen: dict[str, None], own: set[str]
    ) -> Problem | None:
        who = quoted_names(statement.names, "task")
        if parent is None:
            names = list(itertools.islice((n for n in self.task_names if n not in own), MOST))
            message = f"{who} is given '{shown(word.text)}', which no task statement declares"
            notes = (f"tasks here: {listed(names)}",) if names else ()
            return Problem("MTL029", message, word.span, did_you_mean(word.text, names), notes)
        if parent in own:
            hint = "name another task" if len(own) == 1 else "write a line for each task"
            return Problem("MTL029", f"task '{shown(parent)}' is given itself", word.span, hint)
        if parent in seen:
            return Problem("MTL029", f"{who} is given '{parent}' twice", word.span, "leave one of them out")
        return None

    def default(self, statement: spec.Task, parent: str) -> Any:
        """The method that `given` means, where both kinds are written; None: the data decides."""
        other = self.task_names[parent]
        kinds = [s.kind if s is not None else None for s in (statement, other)]
        child, above = (self.registry.find("task", k.name) if isinstance(k, spec.Call) else None for k in kinds)
        found = default_given(child, above, self.registry) if child is not None and above is not None else None
        return found() if found is not None and _serves(found, child, above) else None

    def fits(
        self, statement: spec.Task, given: spec.Given, word: spec.Word, parent: str, method: Any
    ) -> Iterator[Problem]:
        """Whether the method may stand between the two kinds, where both are written."""
        other = self.task_names[parent]
        kinds = [s.kind if s is not None else None for s in (statement, other)]
        child, above = (self.registry.find("task", k.name) if isinstance(k, spec.Call) else None for k in kinds)
        if child is None or above is None or method is UNKNOWN:
            return
        between = f"between the {child.word} task '{statement.names[0].text}' and the {above.word} task '{parent}'"
        fitting = [w for w in self.registry.words("given") if _serves(self.registry.find("given", w), child, above)]
        hint = f"these fit: {', '.join(fitting)}" if fitting else "no dependency fits these two kinds"
        place = given.method.span if given.method else word.span
        declaration = type(method) if method is not None else default_given(child, above, self.registry)
        if declaration is None:
            yield Problem("MTL031", f"'given' has no default {between}", place, hint)
        elif not _serves(declaration, child, above):
            yield Problem("MTL031", f"'{declaration.word}' does not fit {between}", place, hint)

    # --- options that hold names

    def references(self) -> Iterator[Problem]:
        for bound in self.bound:
            for reference in bound.references:
                if reference.of == "task" and reference.text not in self.task_names:
                    yield self.unknown(reference, "task", list(self.task_names))
                elif reference.of == "feature" and not self.topology.may_be_feature(reference.text):
                    yield self.unknown(reference, "feature", [w.text for w in self.topology.features])
                elif reference.of == "metric":
                    yield from self.metric(reference)

    def unknown(self, reference: Reference, thing: str, names: list[str]) -> Problem:
        what = reference.what.removeprefix("each item of ")
        message = f"{what} names the {thing} '{shown(reference.text)}', which no {thing} statement declares"
        notes = (f"{thing}s here: {listed(names)}",) if names else ()
        return Problem("MTL048", message, reference.span, did_you_mean(reference.text, names), notes)

    def metric(self, reference: Reference) -> Iterator[Problem]:
        node = reference.node
        if not isinstance(node, spec.Dotted):
            hint = (
                f"write '{next(iter(self.task_names), 'click')}.{reference.text}'"
                if isinstance(node, spec.Word)
                else ""
            )
            message = f"{reference.what} is a metric of a task, as in click.auc, not {shown(reference.text)}"
            yield Problem("MTL041", message, reference.span, hint)
            return
        owner = node.owner
        if isinstance(owner, spec.Conditional):
            pair = f"{shown(owner.child)}|{shown(owner.parent)}"
            message = (
                f"{reference.what} is a metric of a task, and this version has none of a conditional such as {pair}"
            )
            hint = f"write '{written(spec.Dotted(spec.Word(owner.child), node.member))}'"
            yield Problem("MTL303", message, reference.span, hint)
            return
        if owner.text not in self.task_names:
            named = Reference(owner.text, "task", reference.span, reference.what)
            yield self.unknown(named, "task", list(self.task_names))
        words = self.registry.words("metric")
        if words and node.member not in (*words, "loss"):
            message = f"'{shown(node.member)}' is no metric"
            yield Problem(
                "MTL020", message, reference.span, did_you_mean(node.member, words), (f"metrics: {listed(words)}",)
            )
        elif owner.text in self.task_names and node.member != "loss":
            yield from self.reported(self.task_names[owner.text], shown(owner.text), node.member, reference.span)

    def reported(self, task: spec.Task | None, name: str, metric: str, span: Span | None) -> Iterator[Problem]:
        """Whether the task reports the metric, where its kind is written."""
        if task is None or not isinstance(task.kind, spec.Call):
            return
        kind: Any = self.registry.find("task", task.kind.name)
        has = _metrics(task.kind) if kind is not None else None
        if has is None:
            return
        has = has or getattr(kind, "default_metrics", ())
        serves = getattr(self.registry.find("metric", metric), "tasks", ())
        hint = f"it has {listed([*has, 'loss'])}" if has else ""
        if serves and kind.word not in serves:
            message = f"the metric '{metric}' does not serve the {kind.word} task '{name}'"
            yield Problem("MTL303", message, span, hint)
        elif has and metric not in has:
            message = f"the task '{name}' reports no metric '{metric}'"
            yield Problem("MTL303", message, span, hint)

    # --- settings and search spaces

    def settings(self) -> Iterator[Problem]:
        for word in self.registry.words("settings"):
            lines = [b for b in self.bound if isinstance(b.statement, spec.Settings) and b.statement.word == word]
            said: dict[str, spec.Arg] = {}
            clean = bool(lines)
            for bound in lines:
                assert isinstance(bound.statement, spec.Settings)
                clean &= not bound.problems
                for arg in bound.statement.args:
                    if arg.name in said:
                        clean = False
                        notes = line_note("first given", said[arg.name].span)
                        yield Problem("MTL044", f"'{arg.name}' of {word} is given twice", arg.span, notes=notes)
                    else:
                        said[arg.name] = arg
            if clean:
                binder = Binder(self.registry)
                place = lines[0].statement.span if isinstance(lines[0].statement, spec.Statement) else None
                binder.call(spec.Call(word, tuple(said.values()), span=place), "settings")
                yield from binder.problems

    def searches(self) -> Iterator[Problem]:
        if any(s.word == "tune" for s in self.each(spec.Settings)) or any(b.keyword == "tune" for b in self.broken):
            yield from self.fixed()
            return
        tune = self.registry.find("settings", "tune")
        hint = "add a line: 'tune trials=20'" if tune else "this version does not search yet: write one value"
        for bound in self.bound:
            for place in bound.searches:
                yield Problem(
                    "MTL046", "a search space stands here, and no tune line says how it is searched", place, hint
                )

    def fixed(self) -> Iterator[Problem]:
        """Search spaces where all trials must agree, or they could not be compared."""
        for bound in self.bound:
            statement = bound.statement
            if isinstance(statement, spec.Settings) and statement.word in ("split", "tune"):
                for place in bound.searches:
                    yield Problem("MTL053", f"'{statement.word}' is the same in all trials", place, "write one value")
            if not isinstance(statement, spec.Task):
                continue
            options = statement.kind.options if isinstance(statement.kind, spec.Choose) else (statement.kind,)
            kinds = [kind for kind in options if isinstance(kind, spec.Call)]
            searched = [
                (a, "write one value")
                for kind in kinds
                for a in kind.args
                if a.name in COMPARED and any(isinstance(node, (spec.Choose, spec.Range)) for node in walk(a))
            ]
            for arg, hint in searched or self.unlike(kinds):
                message = f"'{arg.name}' of a task is the same in all trials, which are compared by it"
                yield Problem("MTL053", message, arg.span, hint)

    def unlike(self, kinds: Sequence[spec.Call]) -> Iterator[tuple[spec.Arg, str]]:
        """Of the kinds between which is chosen, arguments by which each would be measured on something else."""
        for name in ROWS:
            having = [k for k in kinds if name != "group" or hasattr(self.registry.find("task", k.name), name)]
            said = [next((a for a in kind.args if a.name == name), None) for kind in having]
            if len({written(arg.value) if arg is not None else "" for arg in said}) > 1:
                yield next(arg for arg in reversed(said) if arg is not None), f"write the same '{name}' in each kind"


def _metrics(kind: spec.Call) -> tuple[str, ...] | None:
    """The metrics that a task's kind names: () where it names none, None where only running the cell tells."""
    named = kind.get("metrics")
    if named is None or isinstance(named, spec.Constant):
        return ()
    items = [a.value for a in named.items] if isinstance(named, spec.List) else [named]
    calls = tuple(item.name for item in items if isinstance(item, spec.Call))
    return calls if len(calls) == len(items) else None


def _serves(declaration: Any, child: Any, parent: Any) -> bool:
    rule = getattr(declaration, "serves", None)
    return declaration is not None and (rule is None or bool(rule(declaration, child, parent)))


def _twice(words: Sequence[spec.Word], code: str, thing: str, hint: str) -> Iterator[Problem]:
    seen: Names[spec.Word] = Names({w.text: w for w in reversed(words)})
    for word in words:
        first = seen[word.text]
        if first is not word:
            yield Problem(
                code,
                f"{thing} '{shown(word.text)}' is declared twice",
                word.span,
                hint,
                line_note("first declared", first.span),
            )
