"""What stands between heads, as statements of `build()`: what heads read of other tasks, and the tasks' final logits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from mtl_magic.dependencies._base import REPRESENTATION, by_method
from mtl_magic.parts import Training
from mtl_magic.runs.code.text import Raw, assign, quoted
from mtl_magic.runs.code.writers import GivenAt, GivenText, writer

if TYPE_CHECKING:
    from mtl_magic.runs.code.network import NetworkText
    from mtl_magic.runs.code.plan import Plan

Texts: TypeAlias = list[
    tuple[Any, tuple[str, ...], GivenText]
]  # of a task: each method, its parents, how it is written


@dataclasses.dataclass(frozen=True)
class TermText:
    """What is added to the loss of a child, and the outputs of the network that it reads beside the child's."""

    function: Any  # expression, see `writers.GivenText.term`
    own: str
    parents: tuple[str, ...]
    further: tuple[str, ...]


@dataclasses.dataclass
class Relations:
    """The dependencies of a script, whose statements go to the end of `lines`."""

    plan: Plan
    lines: list[str]
    made: NetworkText

    def read(self, sources: Mapping[str, str], towers: dict[str, Any]) -> dict[str, Texts]:
        """Of each task its dependencies as code; `towers` become what the heads read, with a name where others read it."""
        plan, found = self.plan, dict[str, Texts]()
        edges = {t.name: by_method(plan.program.task(t.name).givens) for t in plan.schema.tasks}
        named = {
            n for name, ways in edges.items() for m, above in ways if m.acts == REPRESENTATION for n in (name, *above)
        }

        def resolve(name: str) -> None:
            if name in found:
                return
            found[name] = []
            for _, parents in edges[name]:
                for parent in parents:
                    resolve(parent)
            child = plan.schema.task(name)
            units, dropout = tower(plan, child)
            if name in named:
                self.lines += assign(f"{child.key}_tower", towers[name])
                towers[name] = Raw(f"{child.key}_tower")
            for method, parents in edges[name]:
                above = tuple(plan.schema.task(parent) for parent in parents)
                reads = {p.key: towers[p.name] for p in above} if name in named else {}
                keys = tuple(f"logits[{quoted(p.key)}]" for p in above)
                mine = f"logits[{quoted(child.key)}]"
                own = towers[name].text if name in named else ""
                at = GivenAt(
                    plan.functions, child, above, sources[name], own, reads, mine, keys, units=units, dropout=dropout
                )
                text: GivenText = writer("given", method.word)(method, at)
                if text.read is not None:
                    self.lines += assign(f"{child.key}_read", text.read)
                    towers[name] = Raw(f"{child.key}_read")
                if text.layers:
                    self.made.parts.append((Training.of(child.kind), text.layers))
                found[name].append((method, parents, text))

        for task in plan.schema.tasks:
            resolve(task.name)
        return found

    def settle(self, texts: Mapping[str, Texts]) -> None:
        """Statements of each task's final logits, and what its loss reads."""
        plan, done = self.plan, set[str]()

        def resolve(name: str) -> None:
            if name in done:
                return
            done.add(name)
            child = plan.schema.task(name)
            for method, parents, text in texts[name]:
                for parent in parents:
                    resolve(parent)
                mine, own = f"logits[{quoted(child.key)}]", child.key
                if method.conditional:
                    own = conditional(plan, name, parents)
                    self.lines += ["", f"    # {name} given {', '.join(parents)}"]
                    self.lines += assign(f"logits[{quoted(own)}]", Raw(mine))
                elif text.logits:
                    self.lines += ["", f"    # {name} is not above {', '.join(parents)}"]
                for made in text.logits:
                    self.lines += assign(mine, made)
                for key, made in text.further.items():
                    self.lines += assign(f"logits[{quoted(key)}]", made)
                if text.term is not None:
                    above = tuple(plan.schema.task(parent).key for parent in parents)
                    self.made.terms[child.key] = TermText(text.term, own, above, tuple(text.further))

        for task in plan.schema.tasks:
            resolve(task.name)


def tower(plan: Plan, task: Any) -> tuple[tuple[int, ...], float]:
    """Widths and dropout of a task's tower."""
    from mtl_magic.model import heads

    return heads._shape(plan.program, task)  # noqa: SLF001 - one definition


def conditional(plan: Plan, child: str, parents: Sequence[str]) -> str:
    """What the output of `child|parents` is called among the logits."""
    keys = {title: key for key, title in plan.run.outputs}
    return keys[f"{child}|{','.join(parents)}"]
