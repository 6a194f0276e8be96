"""Text in a picture: its width without a font at hand, cut to fit, and made safe for markup."""

from __future__ import annotations

import html
import re
import unicodedata

NARROW, WIDE = frozenset("iljtfr.,:;|!'()[]{}I `"), frozenset("mwMW@%&—…")
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no XML can hold these


def em(text: str) -> float:
    """The width of a text in a common sans-serif face, in units of its size; rather too wide than too narrow."""
    total = 0.0
    for letter in text:
        if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
            continue
        if unicodedata.east_asian_width(letter) in "WF":
            total += 1.03
        elif letter in NARROW:
            total += 0.36
        elif letter in WIDE:
            total += 0.92
        else:
            total += 0.69 if letter.isupper() else 0.6
    return total


def fitted(text: str, width: float, size: float) -> str:
    """The text, cut with an ellipsis where it is wider than `width`.

    Example:
        >>> fitted("impressions_of_the_last_week", 90, 12)
        'impressions…'
    """
    text = " ".join(text.split()) or text.strip()
    if em(text) * size <= width:
        return text
    while text and (em(text) + em("…")) * size > width:
        text = text[:-1]
    return text.rstrip() + "…"


def safe(text: str) -> str:
    """Text for XML and HTML: escaped; letters that XML has no room for are replaced."""
    return html.escape(ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text))
