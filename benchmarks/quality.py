"""Do default settings make a good model? Ours and theirs, on the full feed log and on Census-Income.

    python benchmarks/quality.py [DATA_FOLDER] [--baseline feed_baseline.py] [--seeds 5] [--only feed|census]

DATA_FOLDER (default: the environment variable MTL_MAGIC_DATA) holds `kuairand-pure` and `census-income-kdd`.

Feed: a cell with only `ignore` and `task` lines, trained on the days before 2022-05-04, epochs chosen on its own
validation part (a random 10% of those days), tested on the days from then on. The baseline picks each head's best epoch
on the test part. Census: one model with three heads against scikit-learn's boosted trees, one model a head.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

import mtl_magic

FEED = """
ignore is_profile_enter, is_comment, is_follow, is_forward, is_hate, play_time_ms, comment_stay_time
ignore profile_stay_time, time_ms, date, hourmin
task is_click, long_view, is_like
"""
FEED_TASKS = ["is_click", "long_view", "is_like"]
FEED_BARS = {"is_click": (0.7295, 0.006), "long_view": (0.7318, 0.006), "is_like": (0.808, 0.015)}
CENSUS = """
ignore marital_stat, education, income_50k, det_hh_fam_stat, hs_college, instance_weight
task income, never_married, college: binary
"""
CENSUS_TASKS = ["income", "never_married", "college"]


def report(name: str, scores: list[list[float]], tasks: list[str]) -> np.ndarray:
    mean = np.mean(scores, 0)
    spread = np.std(scores, 0, ddof=1) if len(scores) > 1 else np.zeros(len(tasks))
    print(
        f"{name:28s}" + "  ".join(f"{t} {m:.4f} ± {s:.4f}" for t, m, s in zip(tasks, mean, spread, strict=True)),
        flush=True,
    )
    return mean


def ours(text: str, tasks: list[str], train: pd.DataFrame, test: pd.DataFrame, seed: int) -> list[float]:
    began = time.perf_counter()
    run = mtl_magic.fit(f"{text}\nsplit seed={seed}", train, test=test, seed=seed)
    found = run.evaluate(test).set_index(["task", "metric"])["value"]
    aucs = [float(found[t, "auc"]) for t in tasks]
    print(f"  seed {seed}: {np.round(aucs, 4)} in {time.perf_counter() - began:.0f} s", flush=True)
    return aucs


def feed(data: pathlib.Path, seeds: int, baseline: pathlib.Path | None) -> None:
    log = pd.read_parquet(data / "kuairand-pure" / "feed.parquet")
    train, test = (log[m].reset_index(drop=True) for m in (log.date < 20220504, log.date >= 20220504))
    mean = report("feed, ours", [ours(FEED, FEED_TASKS, train, test, s) for s in range(seeds)], FEED_TASKS)
    for task, value in zip(FEED_TASKS, mean, strict=True):
        base, allowed = FEED_BARS[task]
        print(f"  {task}: {value - base:+.4f} to the baseline's {base:.4f} (must: at least {-allowed:.3f})")
    if baseline is not None:
        report("feed, baseline, run here", _baseline(baseline, train, test, seeds), FEED_TASKS)


def _baseline(path: pathlib.Path, train: pd.DataFrame, test: pd.DataFrame, seeds: int) -> list[list[float]]:
    """What the baseline's own script does, by its own functions: each head's best epoch, picked on the test part."""
    import keras
    from sklearn.metrics import roc_auc_score

    spec = importlib.util.spec_from_file_location("feed_baseline", path)
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    (c, tc), sizes, (x, tx) = theirs.encode(train, test)
    y, best = train[FEED_TASKS].to_numpy("float32"), []
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model = theirs.network(sizes, x.shape[1])
        model.compile(keras.optimizers.Adam(1e-3), lambda t, q: 3 * keras.losses.binary_crossentropy(t, q))
        aucs = []
        for _ in range(8):
            model.fit([c, x], y, batch_size=1024, epochs=1, verbose=0)
            q = model.predict([tc, tx], batch_size=8192, verbose=0)
            aucs.append([roc_auc_score(test[t], q[:, k]) for k, t in enumerate(FEED_TASKS)])
        best.append(np.max(aucs, 0).tolist())
    return best


def census_table(data: pathlib.Path) -> pd.DataFrame:
    """The table with its three labels; 'NA' is a value of hisp_origin."""
    table = pd.read_csv(data / "census-income-kdd" / "census_income_test.csv.gz", keep_default_na=False)
    degrees = ("Bachelors", "Masters", "Doctorate", "Prof school")
    table["income"] = table["income_50k"].str.contains(r"50000\+").astype(int)
    table["never_married"] = table["marital_stat"].eq("Never married").astype(int)
    table["college"] = table["education"].str.startswith(degrees).astype(int)
    return table


def census(data: pathlib.Path, seeds: int) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    table = census_table(data)
    hidden = ["marital_stat", "education", "income_50k", "det_hh_fam_stat", "hs_college", "instance_weight"]
    mine, trees = [], []
    for seed in range(seeds):
        chosen = np.random.default_rng(seed).random(len(table)) < 0.2
        train, test = table[~chosen].reset_index(drop=True), table[chosen].reset_index(drop=True)
        mine.append(ours(CENSUS, CENSUS_TASKS, train, test, seed))
        features = table.drop(columns=[*hidden, *CENSUS_TASKS])
        for name in features.select_dtypes(exclude="number"):
            features[name] = features[name].astype("category")
        aucs = []
        for task in CENSUS_TASKS:
            model = HistGradientBoostingClassifier(
                categorical_features="from_dtype", early_stopping=True, random_state=seed
            )
            model.fit(features[~chosen], table[task][~chosen])
            aucs.append(float(roc_auc_score(table[task][chosen], model.predict_proba(features[chosen])[:, 1])))
        trees.append(aucs)
        print(f"  seed {seed}, trees: {np.round(aucs, 4)}", flush=True)
    a, b = report("census, ours", mine, CENSUS_TASKS), report("census, boosted trees", trees, CENSUS_TASKS)
    for task, difference in zip(CENSUS_TASKS, a - b, strict=True):
        print(f"  {task}: {difference:+.4f} to the trees (must: at least -0.005)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("MTL_MAGIC_DATA"))
    parser.add_argument("--baseline", type=pathlib.Path, help="path of feed_baseline.py, to run it here too")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=["feed", "census"])
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("name the folder of data sets, or set MTL_MAGIC_DATA")
    folder = pathlib.Path(arguments.data)
    if arguments.only != "census":
        feed(folder, arguments.seeds, arguments.baseline)
    if arguments.only != "feed":
        census(folder, arguments.seeds)
