"""What an editor needs to know the language without a kernel: the words, and the automaton of the grammar.

`labextension/src/generated/vocabulary.json` is this, packed. The automaton is that of Lark's parser, so that the editor reads a
statement exactly as the package does, and no second grammar has to be kept.
"""

from __future__ import annotations

import re
from typing import Any

from mtl_magic.language.codes import WARNINGS
from mtl_magic.language.grammar import grammar
from mtl_magic.language.names import STATEMENTS
from mtl_magic.language.statements import FORMS, SEARCHES, searches
from mtl_magic.reference.data import vocabulary_data
from mtl_magic.registry import Registry

SHOWN = ("clauses", "sources", "constants", "flags")
BRIEF = 220  # characters
WORD = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}"  # what \w means to Python's `regex`


def editor_data(registry: Registry) -> dict[str, Any]:
    """The words without what `%mtl help` and the reference page say in length, what a dependency serves, the automaton.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> data = editor_data(vocabulary())
        >>> data["serves"]["esmm"], data["metrics"]["regression"]
        ([['binary', 'binary']], ['rmse', 'mae'])
    """
    data = vocabulary_data(registry)
    options = _Options()
    return {
        **{key: data[key] for key in SHOWN},
        "statements": [{**s, "doc": _brief(s["doc"]), "keys": options.of(s["keys"])} for s in data["statements"]],
        "families": {
            name: {
                "title": f["title"],
                "plural": f["plural"],
                "words": [_short(w, f, registry.find(name, w["word"]), options) for w in f["words"]],
            }
            for name, f in data["families"].items()
        },
        "options": options.known,
        "warnings": {code: entry.title for code, entry in WARNINGS.items()},
        "statement_words": list(STATEMENTS),
        "searches": {word: FORMS[word].summary for word in SEARCHES} if searches(registry) else {},
        "metrics": {w: list(getattr(registry.find("task", w), "default_metrics", ())) for w in registry.words("task")},
        "serves": {word: _served(word, registry) for word in registry.words("given")},
        "grammar": automaton(),
    }


class _Options:
    """Every option once: words share many, and the page counts bytes."""

    def __init__(self) -> None:
        self.known: list[dict[str, Any]] = []

    def of(self, params: list[dict[str, Any]]) -> list[int]:
        """Their numbers."""
        return [self._number({k: v for k, v in p.items() if v not in (None, False, "")}) for p in params]

    def _number(self, option: dict[str, Any]) -> int:
        if option.get("doc"):
            option.pop("accepts")
        if option not in self.known:
            self.known.append(option)
        return self.known.index(option)


def _short(word: dict[str, Any], family: dict[str, Any], declaration: Any, options: _Options) -> dict[str, Any]:
    """A word with the numbers of its options, in their order; of its text the summary and the paragraph behind it."""
    known = {p["name"]: p for p in (*family["named"], *word["params"])}
    paragraphs = [" ".join(text.split()) for text in word["doc"].split("\n\n")]
    further = [p.removeprefix(word["summary"]).strip() for p in paragraphs]
    return {
        **{key: word[key] for key in ("word", "signature", "summary", "defaults", "tasks", "paper", "example")},
        "doc": _brief(next((p for p in further if p), "")),
        "options": options.of([known[p.name] for p in declaration.options()]),
    }


def _brief(text: str) -> str:
    """The first sentences, about as many as a hover shows; `%mtl help` says the rest."""
    sentences = re.split(r"(?<=[.:;]) (?=[A-Z'])", text)
    kept = sentences[:1]
    for sentence in sentences[1:]:
        if sum(map(len, kept)) + len(sentence) > BRIEF:
            break
        kept.append(sentence)
    return " ".join(kept)


def _served(word: str, registry: Registry) -> list[list[str]] | None:
    """The pairs of task kinds, child and parent, that a dependency serves; None: all."""
    found: Any = registry.find("given", word)
    rule = getattr(found, "serves", None)
    kinds = registry.words("task")
    if rule is None:
        return None
    return [[c, p] for c in kinds for p in kinds if rule(found, registry.find("task", c), registry.find("task", p))]


def automaton() -> dict[str, Any]:
    """Lark's parser as data.

    `terminals` stand in the order in which the lexer tries them, with their pattern in JavaScript's syntax; `symbols` are
    their names and those of the rules. `states` say of symbols where they lead, as [symbol, to, symbol, to, …]: to a
    state, or -1 - the number of the rule to reduce by. `rules` are [the symbol that they make, of how many]. `start` and
    `end` are states.
    """
    parser: Any = grammar().parser
    table = parser.parser._parse_table  # noqa: SLF001  Lark has no other way to its automaton
    number = _numbered(table)
    symbols: dict[str, int] = {}
    rules: dict[Any, int] = {}
    states = []
    for state in number:
        made: list[int] = []
        for symbol, (action, argument) in sorted(table.states[state].items(), key=_by_name):
            to = number[argument] if repr(action) == "Shift" else -1 - rules.setdefault(argument, len(rules))
            made += [symbols.setdefault(symbol, len(symbols)), to]
        states.append(made)
    made_rules = [[symbols.setdefault(rule.origin.name, len(symbols)), len(rule.expansion)] for rule in rules]
    return {
        "terminals": [[t.name, javascript(t.pattern.to_regexp())] for t in parser.lexer.root_lexer.terminals],
        "symbols": list(symbols),
        "start": number[table.start_states["start"]],
        "end": number[table.end_states["start"]],
        "rules": made_rules,
        "states": states,
    }


def _numbered(table: Any) -> dict[Any, int]:
    """The states as they are reached from the start: Lark's own order is another one in each process."""
    found, queue = {table.start_states["start"]: 0}, [table.start_states["start"]]
    while queue:
        for _, (action, argument) in sorted(table.states[queue.pop(0)].items(), key=_by_name):
            if repr(action) == "Shift" and argument not in found:
                found[argument] = len(found)
                queue.append(argument)
    return found


def _by_name(entry: tuple[Any, Any]) -> str:
    return str(entry[0])


def javascript(pattern: str) -> str:
    r"""A pattern of the grammar for JavaScript with its flag u: which has no possessive quantifiers, and an ASCII \w.

    Example:
        >>> javascript("[0-9]++(?!x)")
        '[0-9]+(?!x)'
    """
    single = re.sub(r"([*+])\+", r"\1", pattern)
    parts = re.split(r"(\[[^\]]*\])", single)
    made = [p.replace(r"\w", WORD) if p.startswith("[") else p.replace(r"\w", f"[{WORD}]") for p in parts]
    return "".join(made).replace("\n", r"\n").replace("\ufeff", r"\uFEFF")
