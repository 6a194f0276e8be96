"""A long text in few characters: pairs that are often together become one (Re-Pair, Larsson & Moffat 1999).

The page holds the words of the language so, at two fifths of their size; `labextension/src/language/unpack.ts` reads it.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache

import numpy as np

LETTER = "!"
# one or two bytes each, none of which JSON or a minifier would escape
MARKS = "".join(re.findall(r"[^\\'\x7f-\xff]", "".join(map(chr, range(ord("#"), 0x590)))))
LEAST = 4  # times together: a pair costs its own entry
WIDTH = len(MARKS)


@lru_cache(maxsize=2)
def packed(text: str) -> dict[str, str]:
    """The same text as `symbols` and `text`.

    `text` is of marks, each of which stands for a symbol. Of mark n, `symbols[2n:2n+2]` says which: two marks, or `!` and
    the letter that it is. The symbols used most have the first marks, which are the short ones.

    Args:
        text: of at most a thousand different letters, each one UTF-16 unit.

    Example:
        >>> packed("na na na na ")
        {'symbols': '&(! !a!n%$', 'text': '####'}
    """
    letters = sorted(set(text))
    if len(letters) > WIDTH // 2 or any(ord(c) > 0xFFFF for c in letters):
        raise ValueError("a text of so many letters cannot be packed")
    number = {letter: n for n, letter in enumerate(letters)}
    row = np.array([number[c] for c in text], dtype=np.int64)
    pairs: list[tuple[int, int]] = []
    while len(row) > 1 and len(letters) + len(pairs) < WIDTH:
        both = row[:-1] * WIDTH + row[1:]
        found, times = np.unique(both, return_counts=True)
        if times.max() < LEAST:
            break
        pair = int(found[times.argmax()])
        at = _apart(np.flatnonzero(both == pair))
        row[at] = len(letters) + len(pairs)
        row = np.delete(row, at + 1)
        pairs.append(divmod(pair, WIDTH))
    return _written(letters, pairs, row.tolist())


def _apart(at: np.ndarray) -> np.ndarray:
    """The places of a pair, without those that overlap the one before: 'aaa' has 'aa' once."""
    if np.all(np.diff(at) > 1):
        return at
    kept = [int(at[0])]
    for place in at[1:].tolist():
        if place > kept[-1] + 1:
            kept.append(place)
    return np.array(kept)


def _written(letters: list[str], pairs: list[tuple[int, int]], row: list[int]) -> dict[str, str]:
    """The numbers as marks, by how often they are used."""
    used = Counter(row)
    used.update(n for pair in pairs for n in pair)
    order = sorted(range(len(letters) + len(pairs)), key=lambda n: (-used[n], n))
    mark = dict(zip(order, MARKS, strict=False))

    def symbol(n: int) -> str:
        return LETTER + letters[n] if n < len(letters) else "".join(mark[m] for m in pairs[n - len(letters)])

    return {"symbols": "".join(map(symbol, order)), "text": "".join(mark[n] for n in row)}


def unpacked(data: dict[str, str]) -> str:
    """The text.

    Example:
        >>> unpacked(packed("to be or not to be, to be"))
        'to be or not to be, to be'
    """
    symbols = {m: data["symbols"][2 * n : 2 * n + 2] for n, m in enumerate(MARKS)}

    @cache
    def said(mark: str) -> str:
        made = symbols[mark]
        return made[1] if made[0] == LETTER else said(made[0]) + said(made[1])

    return "".join(map(said, data["text"]))
