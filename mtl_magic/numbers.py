"""Numbers for a reader: three significant digits, the same on every run."""

from __future__ import annotations

import math


def short(value: float) -> str:
    """Three significant digits.

    Example:
        >>> short(0.72914), short(12345.6), short(float("nan")), short(2.0)
        ('0.729', '12,300', '–', '2')
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else f"{value}"
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    if abs(rounded) >= 1e9 or abs(rounded) < 1e-4:
        return f"{value:.3g}"
    text = f"{rounded:,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if float(rounded).is_integer() and "." in text else text


def counted(n: int, what: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "epoch"), counted(3, "epoch")
        ('1 epoch', '3 epochs')
    """
    return f"{n:,} {what}{'s' * (n != 1)}"


def room(size: int) -> str:
    """Bytes for a reader.

    Example:
        >>> room(0), room(53_434), room(2_100_000_000)
        ('0 B', '53.4 kB', '2.10 GB')
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{short(size / unit)} {name}"
    return f"{size} B"
