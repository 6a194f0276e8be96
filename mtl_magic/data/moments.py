"""Times to split by: a column of dates, of ISO texts or of numbers, and the cell's first values read in its terms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow.types as pt

from mtl_magic.data.columns import NUMERAL, WORDS, Column, MisfitError, dictionary, family, numbers, value_type

UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1e8, 1.0))  # numbers from here on count so many to a second


@dataclasses.dataclass(frozen=True)
class Moments:
    """A time column as float64: seconds since 1970 for dates, the numbers themselves for numbers."""

    values: np.ndarray  # (n,) float64, NaN where missing
    dates: bool
    zone: str | None = None

    def read(self, value: float | str) -> float:
        """The cell's first value of a part, in this column's terms.

        Raises:
            MisfitError: it is no such value.
        """
        if isinstance(value, str):
            try:
                number = float(value) if not self.dates else None
            except ValueError:
                number = None
            return number if number is not None else self._date(value)
        return self._number(float(value))

    def _date(self, value: str) -> float:
        try:
            moment = pd.Timestamp(value)
        except (ValueError, TypeError):
            raise MisfitError(f"'{value}' is no date", "a date is written '2022-05-04' or '2022-05-04 18:30'") from None
        if moment is pd.NaT:
            raise MisfitError(f"'{value}' is no date")
        if moment.tzinfo is None:
            moment = moment.tz_localize(self.zone or "UTC")
        seconds = moment.timestamp()
        if self.dates:
            return seconds
        known = self.values[~np.isnan(self.values)]
        middle = float(np.median(known)) if len(known) else 0.0
        if _calendar(middle):
            return float(moment.strftime("%Y%m%d"))
        for least, unit in UNITS:
            if middle >= least:
                return seconds * unit
        raise MisfitError(
            f"the column holds numbers around {middle:g}, which '{value}' cannot be compared with", "write a number"
        )

    def _number(self, value: float) -> float:
        if not self.dates:
            return value
        if _calendar(value):
            return self._date(str(int(value)))
        if value.is_integer() and 1900 <= value <= 2100:
            return self._date(f"{int(value)}-01-01")
        raise MisfitError(
            f"the column holds dates, and {value:g} is none", "a date is written '2022-05-04' or 20220504"
        )


def _calendar(value: float) -> bool:
    """A number like 20220504."""
    return (
        value.is_integer()
        and 19000101 <= value <= 21001231
        and 1 <= value // 100 % 100 <= 12
        and 1 <= value % 100 <= 31
    )


def moments(column: Column) -> Moments:
    """The column as times.

    Raises:
        MisfitError: it holds no times.
    """
    kind = family(column.type)
    if kind == "time":
        inner = value_type(column.type)
        return Moments(numbers(column), True, inner.tz if pt.is_timestamp(inner) else None)
    if kind in ("int", "float", "bool"):
        return Moments(numbers(column), False)
    if kind == "null":
        raise MisfitError("every time is missing")
    if kind != "string":
        raise MisfitError(f"holds {WORDS[kind]}, not times")
    codes, values = dictionary(column)
    texts = pd.Series(values.to_pylist(), dtype="object")
    if texts.dropna().str.fullmatch(NUMERAL).all():
        return Moments(np.append(numbers(values, texts=True), np.nan)[codes], False)
    dates = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    wrong = texts[dates.isna() & texts.notna() & (texts != "")]
    if len(wrong):
        raise MisfitError(
            f"holds text that is no ISO date: '{wrong.iloc[0]}'",
            "make it a date first, with pd.to_datetime for example",
        )
    seconds = (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype="float64", na_value=np.nan)
    return Moments(np.append(seconds, np.nan)[codes], True)
