"""Every task kind the whole way: trained, better than the constant, predicted, evaluated, saved, exported, warm started."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mtl_magic

CELL = """\
feature x: number(bins=0)
feature user: category(dim=4)
share mlp(units=[16], dropout=0)
task n: count
task spend: regression(loss=tweedie(1.5))
task worth: regression(loss=ziln, label=spend)
task logs: regression(loss=log, label=spend)
task high: regression(loss=quantile(0.9), label=spend)
task stars: ordinal(5, metrics=[accuracy, mae, kappa, spearman])
task tags: multilabel(sample_weight=w)
task both: multilabel(labels=[a, b], pos_weight=2)
task rel: ranking(group=user)
task click: binary(loss=[bce(label_smoothing=0.02), pairwise(group=user, weight=0.2)], mask=m, pos_weight=balanced)
train epochs=6 batch=128 lr=2e-2
split valid=0.2
"""
SCORES = {"n": "mae", "spend": "mae", "worth": "mae", "logs": "mae", "high": "mae"}


def log(rows: int = 1200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x, user = rng.normal(size=rows), rng.integers(0, 60, rows)
    score = x + rng.normal(size=60)[user]
    chance = 1 / (1 + np.exp(-score))
    spend = np.where(rng.random(rows) < chance, np.exp(1 + 0.7 * score + 0.3 * rng.normal(size=rows)), 0)
    return pd.DataFrame(
        {
            "x": x,
            "user": user.astype(str),
            "n": rng.poisson(np.exp(0.6 * score)),
            "spend": spend,
            "stars": np.clip(np.round(2 + score), 0, 4).astype(int),
            "tags": [[t for t, on in zip("pq", (s > 0.3, v > 0), strict=True) if on] for s, v in zip(score, x, strict=True)],
            "a": (score > 0).astype(int),
            "b": np.where(rng.random(rows) < 0.2, np.nan, x > 0.5),
            "rel": np.clip(np.round(1 + score), 0, 3).astype(int),
            "click": (rng.random(rows) < chance).astype(int),
            "w": rng.random(rows),
            "m": rng.random(rows) < 0.8,
        }
    )  # fmt: skip


TABLE = log()


@pytest.fixture(scope="module")
def run():
    return mtl_magic.fit(CELL, TABLE)


def test_every_kind_beats_the_best_constant(run):
    last = run.history[[f"{t}.val_loss" for t in run.tasks]].min()
    for task in run.schema.tasks:
        if task.name != "rel":  # its lists are longer in training than in the validation part, drawn row by row
            assert last[f"{task.name}.val_loss"] < 0.93 * task.constant_loss, task.name
    found = run.evaluate().set_index(["task", "metric"])["value"]
    assert found["rel", "ndcg"] > 0.8
    assert found["stars", "kappa"] > 0.6
    assert found["tags", "auc"] > 0.85
    assert found["both", "auc"] > 0.8
    assert 0.7 < found["n", "pcoc"] < 1.4


def test_predictions_have_the_form_that_the_kind_says(run):
    made = run.predict(TABLE)
    assert [c for c in made if c.startswith(("tags", "both", "stars"))] == [
        "stars", *(f"stars:{k}" for k in range(5)), "tags:p", "tags:q", "both:a", "both:b",
    ]  # fmt: skip
    assert set(made["stars"]) <= set(range(5))
    np.testing.assert_allclose(made[[f"stars:{k}" for k in range(5)]].sum(axis=1), 1, rtol=1e-5)
    for name in ("n", "spend", "worth"):
        assert made[name].min() > 0
        assert made[name].mean() == pytest.approx(TABLE[name if name != "worth" else "spend"].mean(), rel=0.35)
    assert made["logs"].min() >= 0
    assert 0.8 < (made["high"] > TABLE["spend"]).mean() < 0.99
    said = run.meanings
    assert said["n"] == "E[n]"
    assert said["high"] == "0.9-quantile of high"
    assert said["stars"] == "P(stars = each rank)"
    assert said["tags"] == "P(each of tags)"
    assert said["rel"].startswith("score of rel")


def test_metrics_mean_what_they_say(run):
    from mtl_magic.tasks.metrics import roc_auc

    made = run.predict(TABLE)
    found = run.evaluate(TABLE).set_index(["task", "metric"])["value"]
    flags = np.array([[t in tags for t in "pq"] for tags in TABLE["tags"]])
    want = np.mean([roc_auc(flags[:, k], made[f"tags:{t}"].to_numpy()) for k, t in enumerate("pq")])
    assert found["tags", "auc"] == pytest.approx(want, rel=1e-6)
    known = TABLE["b"].notna()
    pair = [
        roc_auc(TABLE["a"].to_numpy(), made["both:a"].to_numpy()),
        roc_auc(TABLE["b"][known].to_numpy(), made["both:b"][known].to_numpy()),
    ]
    assert found["both", "auc"] == pytest.approx(np.mean(pair), rel=1e-6)
    assert found["stars", "mae"] == pytest.approx(abs(made["stars"] - TABLE["stars"]).mean())
    kept = TABLE["m"]
    assert found["click", "auc"] == pytest.approx(
        roc_auc(TABLE["click"][kept].to_numpy(), made["click"][kept].to_numpy())
    )


def test_a_run_is_saved_read_and_shown(run, tmp_path):
    run.save(tmp_path / "r")
    again = mtl_magic.load(tmp_path / "r")
    assert again.schema.tasks == run.schema.tasks
    pd.testing.assert_frame_equal(again.predict(TABLE.head(40)), run.predict(TABLE.head(40)))
    pd.testing.assert_frame_equal(again.evaluate(TABLE), run.evaluate(TABLE))
    assert again.schema.beside == run.schema.beside
    assert "kappa" in repr(again)
    assert "ordinal" in str(again.topology())
    said = str(mtl_magic.explain(CELL, TABLE))
    for part in (
        "tweedie",
        "sample_weight=w",
        "pos_weight=balanced",
        "mask=m",
        "bce(label_smoothing=0.02), pairwise",
    ):
        assert part in said, part


def test_it_is_exported(run, tmp_path):
    tf = pytest.importorskip("tensorflow")
    run.export(tmp_path / "1")
    answer = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    rows = TABLE.head(20)
    made = answer(x=tf.constant(rows["x"], tf.float64), user=tf.constant(rows["user"]))
    want = run.predict(rows)
    assert set(made) == set(want)
    for name in want:
        np.testing.assert_allclose(made[name].numpy(), want[name].to_numpy(), rtol=1e-4, atol=1e-5)


def test_a_warm_start_takes_everything_that_fits(run, tmp_path):
    run.save(tmp_path / "r")
    again = mtl_magic.fit(CELL + f"train warm_start='{tmp_path / 'r'}' early_stop=none", TABLE, epochs=1)
    first = run.history[[f"{t}.loss" for t in run.tasks]].iloc[0]
    warm = again.history[[f"{t}.loss" for t in run.tasks]].iloc[0]
    assert (warm < first).sum() >= 9


def test_uncertainty_knows_what_is_a_likelihood():
    from mtl_magic.vocabulary import vocabulary

    words = vocabulary()

    def kind(name: str, loss: str | None = None):
        return words.find("task", name)(loss=words.find("loss", loss)() if loss else None)

    assert [kind(name).likelihood for name in ("binary", "ordinal", "multilabel", "count")] == [True] * 4
    assert [kind("regression", loss).likelihood for loss in ("mse", "log", "quantile")] == [False] * 3
    assert [kind("regression", loss).likelihood for loss in ("poisson", "tweedie", "ziln")] == [True] * 3


def test_files_teach_the_same_kinds(tmp_path):
    cell = "\n".join(
        line
        for line in CELL.split("\n")
        if not line.startswith("task") or line.split()[1][:-1] in ("n", "tags", "rel", "click")
    ).replace("epochs=6", "epochs=3")
    TABLE.to_parquet(tmp_path / "t.parquet", row_group_size=300)
    run = mtl_magic.fit(cell, str(tmp_path / "t.parquet"), stream=True)
    found = run.evaluate(TABLE).set_index(["task", "metric"])["value"]
    assert found["rel", "ndcg"] > 0.75
    assert found["tags", "auc"] > 0.8
    assert found["click", "auc"] > 0.7
