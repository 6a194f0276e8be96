"""Words and names: which are the language's own, how a name is looked up, which word was probably meant."""

from __future__ import annotations

import difflib
import itertools
import unicodedata
from typing import TYPE_CHECKING, Generic, TypeVar

import regex

from mtl_magic.language import statements
from mtl_magic.problems import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mtl_magic.language.spec import Word
    from mtl_magic.problems import Span

STATEMENTS = tuple(statements.STATEMENTS)
CLAUSES = tuple(statements.CLAUSES)
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "none": None}
MOST = 300  # so many words are compared
LONGEST = 60  # no word to suggest is longer, and difflib takes quadratic time

NAME = regex.compile(r"(?![0-9])\w+")

V = TypeVar("V")


def nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class Names(Generic[V]):
    r"""The user's names: compared exactly, then by NFC.

    Example:
        >>> Names({"caf\u00e9": 1}).find("cafe\u0301")
        'café'
    """

    def __init__(self, names: Mapping[str, V]) -> None:
        self.exact = dict(names)
        self._composed = {nfc(name): name for name in reversed(self.exact)}

    def find(self, name: str) -> str | None:
        """The declared spelling of `name`."""
        return name if name in self.exact else self._composed.get(nfc(name))

    def __getitem__(self, name: str) -> V:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return self.exact[found]

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.exact)

    def __len__(self) -> int:
        return len(self.exact)


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The word that was probably meant, or None.

    Example:
        >>> nearest("catgory", ["category", "number"])
        'category'
        >>> nearest("Binary", ["binary"])
        'binary'
    """
    if not word or len(word) > LONGEST:
        return None
    folded = {nfc(w).casefold(): w for w in itertools.islice(words, MOST) if len(w) <= LONGEST}
    found = difflib.get_close_matches(nfc(word).casefold(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def did_you_mean(word: str, words: Iterable[str], cutoff: float = 0.6) -> str:
    """A hint, or ''."""
    found = nearest(word, words, cutoff)
    return f"did you mean '{found}'?" if found else ""


def shown(text: str, limit: int = 40) -> str:
    """A text of the user's for a sentence: control characters made visible, cut where it is long."""
    visible = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: limit + 1])
    return visible if len(text) <= limit else visible[:limit] + "…"


def quoted_names(words: Sequence[Word], thing: str) -> str:
    """Names for a sentence.

    Example:
        >>> from mtl_magic.language.spec import Word
        >>> quoted_names([Word("a"), Word("b")], "task")
        "tasks 'a', 'b'"
    """
    names = listed([f"'{shown(w.text)}'" for w in words[:99]], 6) + (" and others" if len(words) > 99 else "")
    return f"{thing}{'s' if len(words) > 1 else ''} {names}"


def line_note(what: str, span: Span | None) -> tuple[str, ...]:
    """A note that says where the other place is."""
    return (f"{what} in line {span.line}",) if span else ()


def wild(word: Word) -> bool:
    """Whether a name is a pattern."""
    return "*" in word.text and not word.literal
