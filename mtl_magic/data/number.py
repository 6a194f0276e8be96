"""Numbers: scaled floats, and the quantile bin as an embedding row (id 0 is never used, id 1 is missing, from 2 the bins)."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mtl_magic.data.category import FIRST, MISSING
from mtl_magic.data.columns import WORDS, Column, MisfitError, family, numbers, refuse_stranger
from mtl_magic.data.encoders import ONE_VALUE, Arrays, Encoded, Encoder, State, percent, phrase
from mtl_magic.data.tally import Spread, Tally
from mtl_magic.features import _defaults

QUANTILES = 1001
TOP = float(np.finfo("float32").max)
HUGE = 1e150  # larger numbers are cut: their squares must stay finite


def read(column: Column) -> np.ndarray:
    """The training column as numbers, NaN where missing; texts are read where most of them are numbers.

    Raises:
        MisfitError: it holds something else.
    """
    found = encodable(column)
    given = [v for v in column.to_pylist() if v] if family(column.type) == "string" else []
    if np.isfinite(found).sum() < len(given) / 2:
        sample = given[0]
        raise MisfitError(f"holds {WORDS['string']}, not numbers: '{sample}'", "category is the kind for words")
    return found


def encodable(column: Column, trained: str = "") -> np.ndarray:
    """Any column as numbers, float64 (n,), NaN where missing or no number.

    Args:
        trained: family of the training column, where there was one.

    Raises:
        MisfitError: it is text of which nothing is a number, and the training column was not.
    """
    found = numbers(column, texts=True).clip(-HUGE, HUGE)
    refuse_stranger(column, trained, understood=bool(np.isfinite(found).any()))
    return found


def edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Cuts (at most bins - 1) between bins that hold equally many of `values` (n,), NaN-free.

    A value that fills more than its share of rows gets a bin of its own, and the rest share the others.
    """
    distinct, counts = np.unique(values, return_counts=True)
    between = distinct[:-1] + (distinct[1:] - distinct[:-1]) / 2
    if len(distinct) <= bins:
        return between
    heavy = counts > len(values) / bins
    cuts = heavy[:-1] | heavy[1:]
    spare = bins - 1 - int(cuts.sum())
    if spare < 0:  # heavy values apart from one another: plain quantiles
        heavy[:], cuts[:], spare = False, False, bins - 1
    light = np.where(heavy, 0, counts)
    if spare and light.any():
        share = np.cumsum(light) / light.sum()
        wanted = np.arange(1, spare + 1) / (spare + 1)
        cuts[np.minimum(np.searchsorted(share, wanted), len(between) - 1)] = True
    return between[cuts]


def bin_ids(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """The bin of each value as an embedding row, (n, 1) int32."""
    found = np.searchsorted(cuts, values, side="right").astype("int32") + FIRST
    found[np.isnan(values)] = MISSING
    return found[:, None]


@dataclasses.dataclass(kw_only=True)
class NumberEncoder(Encoder):
    """(f(x) - mean) / std, with f by `scale`; then whether it was missing; and the bin's id where there are `cuts`."""

    scale: str
    mean: float
    std: float
    missing: float  # share of the training rows
    low: float  # of the training rows, as they are
    high: float
    quantiles: np.ndarray  # of the training rows; empty unless scale is 'quantile'
    cuts: np.ndarray  # float64; empty: no bins
    dim: int | None
    clip: float | None = None
    family: str = ""  # of the training column; '' in a run of before it was kept

    word = "number"

    @classmethod
    def fit(
        cls, column: Column, *, scale: str = _defaults.SCALE, bins: int | None = None, dim: int | None = None
    ) -> NumberEncoder:
        values = read(column)
        known = values[~np.isnan(values)]
        bins = _defaults.bins(len(values)) if bins is None else bins
        cuts = edges(known, bins) if bins >= 2 and len(known) else np.empty(0)
        quantiles = np.empty(0)
        if scale == "quantile" and len(known):
            quantiles = np.quantile(known, np.linspace(0, 1, min(QUANTILES, len(known))))
        moved = Spread.of(_forward(known, scale, quantiles))
        return cls.of_spread(
            moved,
            scale=scale,
            missing=1 - len(known) / max(len(values), 1),
            low=float(known.min()) if len(known) else 0.0,
            high=float(known.max()) if len(known) else 0.0,
            quantiles=quantiles,
            cuts=cuts,
            dim=dim,
            family=family(column.type),
        )

    @classmethod
    def of_spread(cls, moved: Spread, *, scale: str, cuts: np.ndarray, dim: int | None, **learnt: Any) -> NumberEncoder:
        """From what the training rows' values are like before centring; `learnt` are fields of the encoder."""
        centred = scale in ("standard", "log") and moved.count > 0
        std = moved.std
        return cls(
            scale=scale,
            mean=moved.mean if centred else 0.0,
            std=std if centred and std > 0 else 1.0,
            cuts=cuts,
            dim=(_defaults.dim(len(cuts) + 1) if dim is None else dim) if len(cuts) else None,
            clip=_defaults.CLIP,
            **learnt,
        )

    @property
    def id_width(self) -> int:  # type: ignore[override]
        return int(len(self.cuts) > 0)

    @property
    def float_width(self) -> int:  # type: ignore[override]
        return 2 if self.missing > 0 else 1

    @property
    def rows(self) -> int:  # type: ignore[override]
        return FIRST + len(self.cuts) + 1 if len(self.cuts) else 0

    @property
    def silence(self) -> str:
        return ONE_VALUE if self.low == self.high and self.missing in (0, 1) else ""

    def encode(self, column: Column) -> Encoded:
        values = encodable(column, self.family)
        gone = np.isnan(values)
        moved = (_forward(values, self.scale, self.quantiles) - self.mean) / self.std
        if self.clip is not None:
            moved = moved.clip(-self.clip, self.clip)
        floats = np.empty((len(values), self.float_width), "float32")
        floats[:, 0] = np.where(gone, 0.0, moved.clip(-TOP, TOP))
        if self.missing > 0:
            floats[:, 1] = gone
        return bin_ids(values, self.cuts) if len(self.cuts) else None, floats

    def describe(self) -> str:
        return phrase(
            f"{self.low:,.6g} to {self.high:,.6g}",
            {"none": "as it is"}.get(self.scale, f"{self.scale} scale"),
            f"{len(self.cuts) + 1} bins" if len(self.cuts) else "",
            f"{percent(self.missing)} missing" if self.missing else "",
        )

    def _state(self) -> tuple[State, Arrays]:
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return plain, {name: plain.pop(name) for name in ("quantiles", "cuts")}

    @classmethod
    def restore(cls, plain: State, arrays: Arrays) -> NumberEncoder:
        return cls(quantiles=np.asarray(arrays["quantiles"]), cuts=np.asarray(arrays["cuts"]), **plain)


def _forward(values: np.ndarray, scale: str, quantiles: np.ndarray) -> np.ndarray:
    """Values before centring; NaN stays NaN."""
    if scale == "log":
        moved: np.ndarray = np.sign(values) * np.log1p(np.abs(values))
        return moved
    if scale != "quantile" or not len(quantiles):
        return values
    ranks = np.linspace(0, 1, len(quantiles))
    below = np.interp(values, quantiles, ranks)  # a tie is worth the middle of the ranks that it covers
    above = 1 - np.interp(-values, -quantiles[::-1], ranks)
    return ((below + above) / 2 - 0.5) * np.sqrt(12)


@dataclasses.dataclass(kw_only=True)
class BucketEncoder(Encoder):
    """The quantile bin of a number."""

    cuts: np.ndarray
    missing: float
    low: float
    high: float
    dim: int | None
    family: str = ""
    id_width = 1

    word = "bucket"

    @classmethod
    def fit(cls, column: Column, *, bins: int = _defaults.BUCKETS, dim: int | None = None) -> BucketEncoder:
        values = read(column)
        known = values[~np.isnan(values)]
        cuts = edges(known, bins) if len(known) else np.empty(0)
        return cls(
            cuts=cuts,
            missing=1 - len(known) / max(len(values), 1),
            low=float(known.min()) if len(known) else 0.0,
            high=float(known.max()) if len(known) else 0.0,
            dim=_defaults.dim(len(cuts) + 1) if dim is None else dim,
            family=family(column.type),
        )

    @property
    def rows(self) -> int:  # type: ignore[override]
        return FIRST + len(self.cuts) + 1

    @property
    def silence(self) -> str:
        return ONE_VALUE if self.low == self.high and self.missing in (0, 1) else ""

    def encode(self, column: Column) -> Encoded:
        return bin_ids(encodable(column, self.family), self.cuts), None

    def describe(self) -> str:
        return phrase(
            f"{len(self.cuts) + 1} bins of {self.low:,.6g} to {self.high:,.6g}",
            f"{percent(self.missing)} missing" if self.missing else "",
        )

    def _state(self) -> tuple[State, Arrays]:
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return plain, {"cuts": plain.pop("cuts")}

    @classmethod
    def restore(cls, plain: State, arrays: Arrays) -> BucketEncoder:
        return cls(cuts=np.asarray(arrays["cuts"]), **plain)


class _NumberTally(Tally):
    """The spread of the values, and how many are missing; cuts and quantiles are those of the sample's encoder."""

    def __init__(self, sample: NumberEncoder | BucketEncoder, dim: int | None) -> None:
        self.sample, self.dim = sample, dim
        self.rows, self.values, self.moved = 0, Spread(), Spread()

    def add(self, column: Column) -> None:
        values = encodable(column, self.sample.family)
        known = values[~np.isnan(values)]
        self.rows += len(values)
        self.values += Spread.of(known)
        if isinstance(self.sample, NumberEncoder):
            self.moved += Spread.of(_forward(known, self.sample.scale, self.sample.quantiles))

    def _learnt(self) -> dict[str, Any]:
        some = self.values.count > 0
        return {
            "cuts": self.sample.cuts,
            "missing": 1 - self.values.count / max(self.rows, 1),
            "low": self.values.low if some else 0.0,
            "high": self.values.high if some else 0.0,
            "family": self.sample.family,
        }


class NumberTally(_NumberTally):
    sample: NumberEncoder

    def encoder(self) -> NumberEncoder:
        sample = self.sample
        return NumberEncoder.of_spread(
            self.moved, scale=sample.scale, quantiles=sample.quantiles, dim=self.dim, **self._learnt()
        )


class BucketTally(_NumberTally):
    sample: BucketEncoder

    def encoder(self) -> BucketEncoder:
        dim = _defaults.dim(len(self.sample.cuts) + 1) if self.dim is None else self.dim
        return BucketEncoder(dim=dim, **self._learnt())
