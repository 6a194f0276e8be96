"""A long text in few characters of ASCII: packed by LZMA, then written two characters a 13 bits.

The page holds the words of the language so, at less than a third of their size; `labextension/src/language/unpack.ts` reads
it. A browser's own decompression would answer later than words are asked for.
"""

from __future__ import annotations

import lzma
import re
from functools import lru_cache

# a byte each, none of which JSON or a script would escape: 91, and 91² is more than 2¹³
MARKS = "".join(re.findall(r"""[^\\'"]""", "".join(map(chr, range(0x21, 0x7F)))))
BITS = 13
# what the page's reader takes for granted: no bits of a position
FILTERS = [
    {
        "id": lzma.FILTER_LZMA1,
        "lc": 3,
        "lp": 0,
        "pb": 0,
        "dict_size": 1 << 20,
        "mode": lzma.MODE_NORMAL,
        "mf": lzma.MF_BT4,
        "nice_len": 273,
        "depth": 2000,
    }
]


@lru_cache(maxsize=2)
def packed(text: str) -> dict[str, str]:
    """The same text as `packed`, of marks.

    Example:
        >>> len(packed("to be or not to be, " * 100)["packed"])
        52
    """
    data = lzma.compress(text.encode(), format=lzma.FORMAT_RAW, filters=FILTERS)
    bits = "".join(f"{byte:08b}" for byte in data)
    groups = [int(bits[at : at + BITS].ljust(BITS, "0"), 2) for at in range(0, len(bits), BITS)]
    return {"packed": "".join(MARKS[n // len(MARKS)] + MARKS[n % len(MARKS)] for n in groups)}


def unpacked(data: dict[str, str]) -> str:
    """The text.

    Example:
        >>> unpacked(packed("to be or not to be, to be"))
        'to be or not to be, to be'
    """
    digits = [MARKS.index(mark) for mark in data["packed"]]
    groups = zip(digits[::2], digits[1::2], strict=True)
    bits = "".join(f"{high * len(MARKS) + low:0{BITS}b}" for high, low in groups)
    whole = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=FILTERS).decompress(whole).decode()
