"""Canonical text: one statement a line, positional arguments named by the checker, one spelling for each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtl_magic.language import spec
from mtl_magic.language.names import CONSTANTS, NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def canonical(whole: spec.Spec) -> str:
    """The canonical text of a spec; parsing it gives an equal spec.

    Example:
        >>> from mtl_magic.language.spec import Call, Spec, Task, Word
        >>> print(canonical(Spec((Task((Word("a b"), Word("c")), Call("binary"), (Word("inputs"),)),))))
        task "a b", c: binary from inputs
    """
    return "\n".join(statement(s) for s in whole.statements)


def statement(node: spec.Statement) -> str:
    """One statement."""
    return Writer().statement(node)


def value(node: spec.Value) -> str:
    """A value as it is written in a cell."""
    return Writer().value(node)


def names(words: Iterable[spec.Word]) -> str:
    return ", ".join(name(w) for w in words)


def name(word: spec.Word) -> str:
    """A name or pattern, quoted where it must be."""
    if NAME.fullmatch(word.text) or (not word.literal and "*" in word.text):
        return word.text
    return quoted(word.text)


def quoted(text: str) -> str:
    """A text in quotes; a quote of the same kind inside is written twice."""
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', '""') + '"'


class Writer:
    """Writes statements and values on one line; a subclass may open brackets."""

    def statement(self, node: spec.Statement) -> str:
        """One statement."""
        parts = [self.body(node)]
        if node.allow:
            parts.append("allow " + ", ".join(name(spec.Word(code)) for code in node.allow))
        return " ".join(parts)

    def body(self, node: spec.Statement) -> str:
        match node:
            case spec.Feature():
                return f"feature {names(node.names)}" + (f": {self.value(node.kind)}" if node.kind else "")
            case spec.Ignore():
                return f"ignore {names(node.names)}"
            case spec.Share():
                named = f"{name(node.name)} = " if node.name else ""
                return f"share {named}{self.value(node.block)}" + (
                    f" from {names(node.sources)}" if node.sources else ""
                )
            case spec.Task():
                return self.task(node)
            case spec.Balance():
                return f"balance {self.value(node.method)}"
            case spec.Settings():
                return " ".join([node.word, *(self.argument(a) for a in node.args)])
        raise TypeError(node)

    def task(self, node: spec.Task) -> str:
        parts = [f"task {names(node.names)}" + (f": {self.value(node.kind)}" if node.kind else "")]
        if node.sources:
            parts.append(f"from {names(node.sources)}")
        parts += [self.given(g) for g in node.givens]
        if node.weight is not None:
            parts.append(f"weight {self.value(node.weight)}")
        return " ".join(parts)

    def given(self, node: spec.Given) -> str:
        return f"given {names(node.parents)}" + (f" via {self.value(node.method)}" if node.method else "")

    def argument(self, arg: spec.Arg) -> str:
        return (
            f"{name(spec.Word(arg.name, literal=True))}={self.value(arg.value)}" if arg.name else self.value(arg.value)
        )

    def item(self, node: spec.Arg | spec.Value) -> str:
        return self.argument(node) if isinstance(node, spec.Arg) else self.value(node)

    def bracketed(self, left: str, node: spec.Node, items: Sequence[spec.Arg | spec.Value], right: str) -> str:
        """The items of `node` in its brackets."""
        return left + ", ".join(self.item(i) for i in items) + right

    def value(self, node: spec.Value) -> str:
        match node:
            case spec.Number():
                return repr(node.value)
            case spec.Constant():
                return next(word for word, constant in CONSTANTS.items() if constant is node.value)
            case spec.Word():
                bare = NAME.fullmatch(node.text) and node.text not in CONSTANTS
                return node.text if bare else quoted(node.text)
            case spec.Python():
                return "{" + node.text + ("\n}" if "#" in node.text.rpartition("\n")[2] else "}")
            case spec.Call():
                return node.name + (self.bracketed("(", node, node.args, ")") if node.args else "")
            case spec.List():
                return self.bracketed("[", node, node.items, "]")
            case spec.Conditional():
                return f"{name(spec.Word(node.child, literal=True))}|{name(spec.Word(node.parent, literal=True))}"
            case spec.Dotted():
                owner = self.value(node.owner) if isinstance(node.owner, spec.Conditional) else name(node.owner)
                return f"{owner}.{name(spec.Word(node.member, literal=True))}"
            case spec.Choose():
                return "choose" + self.bracketed("(", node, node.options, ")")
            case spec.Range():
                return f"range({node.low!r}, {node.high!r}{', log' if node.log else ''})"
        raise TypeError(node)
