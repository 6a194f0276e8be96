"""Lark's tree of one statement to its `Statement`. Places are those of the statement's text standing alone.

What the grammar cannot say is said here: a clause given twice, `choose` and `range`, numbers out of reach, Python that
is no expression.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from typing import Any

from lark import Token, Tree

from mtl_magic.language import spec
from mtl_magic.language.codes import LANGUAGE, WARNINGS
from mtl_magic.language.names import CONSTANTS, did_you_mean, shown
from mtl_magic.problems import Problem, Span

LARGEST = 2**63
_WRAP = "({}\n)"  # newlines inside are allowed, a comment at the end is ended


class Builder:
    """Builds one statement; `problems` holds what was wrong with it."""

    def __init__(self, text: str, masked: str) -> None:
        self.text = text
        self.masked = masked
        self.problems: list[Problem] = []

    def build(self, tree: Tree) -> spec.Statement | None:
        """The statement, or None where a problem leaves nothing to go on with."""
        try:
            made: spec.Statement = getattr(self, tree.data)(tree)
        except _Refused:
            return None
        return made

    # --- statements

    def feature(self, tree: Tree) -> spec.Feature:
        _, names, kind, *clauses = tree.children
        allow = self.clauses(clauses)["allow"]
        return spec.Feature(self.names(names), self.call(kind), allow=allow, span=span(tree))

    def ignore(self, tree: Tree) -> spec.Ignore:
        _, names, *clauses = tree.children
        return spec.Ignore(self.names(names), allow=self.clauses(clauses)["allow"], span=span(tree))

    def share(self, tree: Tree) -> spec.Share:
        _, name, block, *clauses = tree.children
        said = self.clauses(clauses)
        named = self.name(name) if name is not None else None
        return spec.Share(self.kind(block), named, said["sources"], allow=said["allow"], span=span(tree))

    def task(self, tree: Tree) -> spec.Task:
        _, names, kind, *clauses = tree.children
        said = self.clauses(clauses)
        return spec.Task(
            self.names(names),
            self.call(kind),
            said["sources"],
            tuple(said["given"]),
            said["weight"],
            allow=said["allow"],
            span=span(tree),
        )

    def balance(self, tree: Tree) -> spec.Balance:
        _, method, *clauses = tree.children
        return spec.Balance(self.kind(method), allow=self.clauses(clauses)["allow"], span=span(tree))

    def settings(self, tree: Tree) -> spec.Settings:
        word, *rest = tree.children
        args = []
        for setting in (t for t in rest if t.data == "setting"):
            name, *values = setting.children
            value = self.value(values[0])
            if len(values) > 1:
                items = tuple(spec.Arg("", v, span=v.span) for v in (value, *map(self.value, values[1:])))
                value = spec.List(items, span=span(values[0]).to(span(values[-1])))
            args.append(spec.Arg(self.name(name).text, value, span=span(setting)))
        allow = self.clauses([t for t in rest if t.data == "allow"])["allow"]
        return spec.Settings(str(word), tuple(args), allow=allow, span=span(tree))

    def clauses(self, trees: list[Tree]) -> dict[str, Any]:
        said: dict[str, Any] = {"sources": (), "given": [], "weight": None, "allow": ()}
        for tree in trees:
            if tree.data == "given":
                _, names, _, method = tree.children
                said["given"].append(spec.Given(self.names(names), self.call(method), span=span(tree)))
                continue
            if said[tree.data]:
                word = str(tree.children[0])
                together = "from a, b" if word == "from" else "allow MTL101, MTL104"
                hint = "leave one of them out" if word == "weight" else f"name all of them in one: '{together}'"
                self.say("MTL011", f"'{word}' is said twice", span(tree.children[0]), hint)
            if tree.data == "weight":
                said["weight"] = self.value(tree.children[1])
            elif tree.data == "sources":
                said["sources"] += self.names(tree.children[1])
            else:
                said["allow"] += tuple(self.code(w) for w in self.names(tree.children[1]))
        return said

    def code(self, word: spec.Word) -> str:
        if word.text not in WARNINGS:
            what = "is a mistake and no warning" if word.text in LANGUAGE else "is the code of no warning"
            hint = "" if word.text in LANGUAGE else did_you_mean(word.text, WARNINGS, 0.7)
            self.say("MTL052", f"'{shown(word.text)}' {what}", word.span, hint)
        return word.text

    # --- names and kinds

    def names(self, tree: Tree) -> tuple[spec.Word, ...]:
        return tuple(self.name(t) for t in tree.children)

    def name(self, tree: Tree) -> spec.Word:
        token = tree.children[0]
        if token.type != "QUOTED":
            return spec.Word(str(token), span=span(tree))
        quote, text = token[0], self.text[token.start_pos + 1 : token.end_pos - 1].replace(token[0] * 2, token[0])
        if not text:
            self.say("MTL025", "a name is empty", span(tree), f"write it between the quotes: {quote}name{quote}")
        return spec.Word(text, literal="*" in text, span=span(tree))

    def kind(self, tree: Tree) -> Any:
        """A call, choose(…) or Python."""
        if tree.data == "python":
            return self.python(tree)
        if tree.data == "bare":
            return spec.Call(str(tree.children[0]), span=span(tree))
        return self.called(tree)

    def call(self, tree: Tree | None) -> Any:
        """As `kind`, where no Python may stand; None where nothing stands."""
        if tree is None:
            return None
        if tree.data == "python":
            message = "Python in braces cannot stand here, where a word says the kind"
            self.say("MTL050", message, span(tree), "Python may stand for a block, a balancing method or any option")
            raise _Refused
        return self.kind(tree)

    # --- values

    def value(self, tree: Tree) -> Any:
        made: Any = getattr(self, "called" if tree.data == "call" else tree.data)(tree)
        return made

    def word(self, tree: Tree) -> spec.Word | spec.Constant:
        token = tree.children[0]
        if token.type == "NAME" and token in CONSTANTS:
            return spec.Constant(CONSTANTS[token], span=span(tree))
        if token.type == "QUOTED" and len(token) == 2:
            return spec.Word("", span=span(tree))
        return self.name(tree)

    def number(self, tree: Tree) -> spec.Number:
        text = str(tree.children[0])
        whole = text.replace("_", "").lstrip("+-").isdigit()
        value: int | float
        value = math.inf if len(text) > 400 else int(text.replace("_", "")) if whole else float(text.replace("_", ""))
        if abs(value) >= LARGEST and (whole or math.isinf(value)):
            self.say("MTL008", f"the number {shown(text)} is too large", span(tree))
            raise _Refused
        return spec.Number(value, span=span(tree))

    def args(self, trees: list[Tree | None]) -> tuple[spec.Arg, ...]:
        made = []
        for tree in trees:
            if tree is not None:
                key, value = tree.children
                made.append(spec.Arg(self.name(key).text if key else "", self.value(value), span=span(tree)))
        return tuple(made)

    def list(self, tree: Tree) -> spec.List:
        items = self.args(tree.children)
        named = [a for a in items if a.name]
        if named and len(named) < len(items):
            bare = next(a for a in items if not a.name)
            self.say("MTL041", "a list has a name for each value, or for none", bare.span, "as in [buy=4, price=2]")
            raise _Refused
        return spec.List(items, span=span(tree))

    def dotted(self, tree: Tree) -> spec.Dotted:
        owner, member = tree.children
        made = self.conditional(owner) if owner.data == "conditional" else self.name(owner)
        return spec.Dotted(made, self.name(member).text, span=span(tree))

    def conditional(self, tree: Tree) -> spec.Conditional:
        child, parent = tree.children
        return spec.Conditional(self.name(child).text, self.name(parent).text, span=span(tree))

    def called(self, tree: Tree) -> Any:
        word, *rest = tree.children
        args = self.args(rest)
        if word == "choose":
            if not args or any(a.name for a in args):
                self.say("MTL013", "choose takes the values to choose from", span(tree), "as in choose(4, 8, 16)")
                raise _Refused
            return spec.Choose(tuple(a.value for a in args), span=span(tree))
        if word == "range":
            return self.range(args, span(tree))
        return spec.Call(str(word), args, span=span(tree))

    def range(self, args: tuple[spec.Arg, ...], place: Span) -> spec.Range:
        values = [a.value for a in args]
        numbers = [v.value for v in values[:2] if isinstance(v, spec.Number)]
        log = len(values) == 3 and isinstance(values[2], spec.Word) and values[2].text == "log"
        wrong = ""
        if len(numbers) < 2 or any(a.name for a in args) or not (len(values) == 2 or log):
            wrong = "range takes two numbers, the lower first, and 'log' where it is searched on a log scale"
        elif numbers[0] >= numbers[1]:
            wrong = f"the range's ends are {numbers[0]} and {numbers[1]}: the lower comes first"
        elif log and numbers[0] <= 0:
            wrong = f"a range on a log scale lies above 0, and this one begins at {numbers[0]}"
        if wrong:
            self.say("MTL013", wrong, place, "as in range(1e-4, 1e-2, log)")
            raise _Refused
        return spec.Range(numbers[0], numbers[1], log, span=place)

    def python(self, tree: Tree) -> spec.Python:
        token = tree.children[0]
        text = self.text[token.start_pos + 1 : token.end_pos - 1]
        if not text.strip():
            self.say("MTL009", "nothing stands in the braces", span(tree), "an expression stands there: {my_layer}")
            raise _Refused
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of invalid escapes: they are the reader's own matter
                ast.parse(_WRAP.format(text), mode="eval")
        except SyntaxError as error:
            self.python_error(text, tree, error.msg, error.lineno, error.offset)
        except (ValueError, RecursionError, MemoryError) as error:
            self.python_error(text, tree, "it is too deeply nested" if not str(error) else str(error), None, None)
        return spec.Python(text.strip(), span=span(tree))

    def python_error(self, text: str, tree: Tree, why: str, line: int | None, column: int | None) -> None:
        place, lines = span(tree), text.split("\n")
        if line and column and line <= len(lines):
            column -= 1 if line == 1 else 0  # the bracket that was put before it
            last = len(lines[line - 1]) + (line == len(lines))  # behind the last line stands the closing brace
            column = min(max(column, 1), max(last, 1))
            end = min(column + 1, last + 1)
            before = place.column if line == 1 else 0
            place = Span(place.line + line - 1, column + before, place.line + line - 1, end + before)
        hint = ""
        if re.match(r"""\s*(\w+\s*:|['"*].*:|\*\*)""", text, re.DOTALL):
            hint = "a dict has braces of its own: {{'a': 1}}, or write a value for each name: [a=1]"
        self.say("MTL009", f"what stands in braces is not a Python expression: {why}", place, hint)
        raise _Refused

    def say(self, code: str, message: str, place: Span | None, hint: str = "") -> None:
        self.problems.append(Problem(code, message, place, hint))


class _Refused(Exception):  # noqa: N818 - not an error: the way out of a statement whose problem has been said
    pass


def span(tree: Tree | Token) -> Span:
    meta = tree if isinstance(tree, Token) else tree.meta
    return Span(meta.line, meta.column, meta.end_line, meta.end_column)
