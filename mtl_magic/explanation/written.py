"""What the person wrote in a cell and what was left to the defaults; values as the language writes them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.registry import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Written:
    """What stands in the text.

    Attributes:
        settings: 'train.lr' and so on.
        tasks: of each task, what is said of it: 'kind', 'from', 'weight', 'via PARENT', and the options of its kind.
        blocks: of each block ('' is the unnamed one), 'from' and its options; no entry: the block itself is a default.
        balance: the options of the balancing method; None: the method itself is a default.
    """

    settings: frozenset[str]
    tasks: dict[str, frozenset[str]]
    blocks: dict[str, frozenset[str]]
    balance: frozenset[str] | None


def written(whole: spec.Spec) -> Written:
    """What a spec says in so many words."""
    settings: set[str] = set()
    tasks: dict[str, frozenset[str]] = {}
    blocks: dict[str, frozenset[str]] = {}
    balance: frozenset[str] | None = None
    for statement in whole.statements:
        match statement:
            case spec.Settings():
                settings |= {f"{statement.word}.{a.name}" for a in statement.args}
            case spec.Task():
                said = {"kind"} | _options(statement.kind) if statement.kind else set()
                said |= {"from"} if statement.sources else set()
                said |= {"weight"} if statement.weight is not None else set()
                said |= {f"via {p.text}" for g in statement.givens if g.method for p in g.parents}
                tasks |= {word.text: frozenset(said) for word in statement.names}
            case spec.Share():
                said = _options(statement.block) | ({"from"} if statement.sources else set())
                blocks[statement.name.text if statement.name else ""] = frozenset(said)
            case spec.Balance():
                balance = frozenset(_options(statement.method))
    return Written(frozenset(settings), tasks, blocks, balance)


def _options(node: Any) -> set[str]:
    """Names of the options of a call; of a choice between calls, those of any."""
    if isinstance(node, spec.Choose):
        return set().union(*(_options(o) for o in node.options))
    return {a.name for a in node.args} if isinstance(node, spec.Call) else set()


def value(of: Any) -> str:
    """A value as the language writes it; a Python object by its name, in braces.

    Example:
        >>> value((128, 64)), value(None), value(True), value(1e-3), value(len)
        ('[128, 64]', 'none', 'true', '0.001', '{len}')
    """
    if of is None or isinstance(of, bool):
        return {None: "none", True: "true", False: "false"}[of]
    if isinstance(of, Declaration):
        options = [p for p in of.options() if getattr(of, p.name) != p.default]
        return of.word + (
            f"({', '.join(f'{p.name}={value(getattr(of, p.name))}' for p in options)})" if options else ""
        )
    if isinstance(of, (list, tuple)):
        return f"[{listed(of)}]"
    if isinstance(of, dict):
        return f"[{', '.join(f'{k}={value(v)}' for k, v in of.items())}]"
    if isinstance(of, (int, float)):
        return f"{of:,}" if isinstance(of, int) else f"{of:g}"
    if isinstance(of, str):
        return of
    return "{" + (getattr(of, "__name__", "") or type(of).__name__) + "}"


def listed(values: Iterable[Any]) -> str:
    return ", ".join(value(v) for v in values)
