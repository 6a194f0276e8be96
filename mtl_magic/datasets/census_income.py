"""Census-Income (KDD): people of the US census of 1994 and 1995."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mtl_magic.datasets._files import broken, find, lines_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "age", "class_worker", "det_ind_code", "det_occ_code", "education", "wage_per_hour", "hs_college", "marital_stat",
    "major_ind_code", "major_occ_code", "race", "hisp_origin", "sex", "union_member", "unemp_reason", "full_or_part_emp",
    "capital_gains", "capital_losses", "stock_dividends", "tax_filer_stat", "region_prev_res", "state_prev_res",
    "det_hh_fam_stat", "det_hh_summ", "instance_weight", "mig_chg_msa", "mig_chg_reg", "mig_move_reg", "mig_same",
    "mig_prev_sunbelt", "num_emp", "fam_under_18", "country_father", "country_mother", "country_self", "citizenship",
    "own_or_self", "vet_question", "vet_benefits", "weeks_worked", "year", "income_50k",
)  # fmt: skip
NUMBERS = (
    "age", "wage_per_hour", "capital_gains", "capital_losses", "stock_dividends", "instance_weight", "num_emp",
    "weeks_worked",
)  # fmt: skip
CODES = ("det_ind_code", "det_occ_code", "own_or_self", "vet_benefits", "year")
COLLEGE = ("Associates degree", "Bachelors degree", "Masters degree", "Prof school degree", "Doctorate degree")


def census_income(folder: str | os.PathLike[str], part: str = "train") -> pd.DataFrame:
    """Census-Income (KDD) of the UCI repository (doi 10.24432/C5N30T): 199,523 and 99,762 people, 40 features.

    Args:
        folder: where `census-income.data` and `census-income.test` are.
        part: 'train' or 'test', as the set divides them.

    The labels of Ma et al. 2018 (MMoE, §6.2) are columns behind those of the file, 0 or 1: `income` (above 50,000),
    `never_married` and `college` (at least an associate's degree). What they are made of, `income_50k`, `marital_stat`
    and `education`, must not be features beside them: `ignore income_50k, marital_stat, education`. `instance_weight`
    is how many people a row stands for, and no feature either. '?' is a missing value, 'Not in universe' a value.

    Raises:
        MtlError: MTL213, a file is missing or not in this format.
    """
    import pandas as pd

    if part not in ("train", "test"):
        raise ValueError(f"part is 'train' or 'test', not {part!r}")
    path = find(folder, "Census-Income", "census-income.data" if part == "train" else "census-income.test")
    rows = []
    with lines_of(path) as lines:
        for number, line in enumerate(lines, 1):
            values = [value.strip() for value in line.rstrip("\n.").split(",")]
            if len(values) == len(COLUMNS):
                rows.append(values)
            elif line.strip():
                raise broken(path, number, f"has {len(values)} values, and Census-Income {len(COLUMNS)}")
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).replace("?", None)
    for name in (*NUMBERS, *CODES):
        frame[name] = pd.to_numeric(frame[name])
    frame["income"] = frame["income_50k"].str.startswith("50000+").astype("int64")
    frame["never_married"] = (frame["marital_stat"] == "Never married").astype("int64")
    frame["college"] = frame["education"].str.startswith(COLLEGE).astype("int64")
    return frame
