"""Every callback of Keras works in our loop, or is refused by its name."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import keras
import numpy as np
import pytest

import mtl_magic
from mtl_magic.problems import MtlError
from mtl_magic.train.callbacks import check
from mtl_magic.train.events import Evaluated, Note
from mtl_magic.train.fit import train
from mtl_magic.train.state import weights_of
from tests import toy

cb = keras.callbacks
KEYS = {"loss", "click_loss", "buy_loss", "watch_loss"}
VALIDATION = {f"val_{k}" for k in KEYS} | {
    "val_click_auc", "val_click_logloss", "val_buy_auc", "val_buy_logloss", "val_watch_rmse", "val_watch_mae",
}  # fmt: skip


class Heard(cb.Callback):
    """Notes what it is called with."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, Any, dict[str, float]]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.said.append(("train_begin", None, logs))

    def on_train_end(self, logs: Any = None) -> None:
        self.said.append(("train_end", None, logs))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.said.append(("epoch_begin", epoch, logs))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.said.append(("epoch_end", epoch, dict(logs)))

    def on_test_begin(self, logs: Any = None) -> None:
        self.said.append(("test_begin", None, logs))

    def on_test_end(self, logs: Any = None) -> None:
        self.said.append(("test_end", None, dict(logs)))


def run(*callbacks: Any, listeners: Any = (), **options: Any) -> Any:
    options = {"epochs": 3, "early_stop": None} | options
    return train(toy.program(callbacks=callbacks, **options), toy.data(1000, 200), listeners=listeners)


def test_hooks_come_in_the_order_of_keras_with_its_logs() -> None:
    heard, events = Heard(), []
    result = run(heard, listeners=[events.append], epochs=2)
    assert [what for what, *_ in heard.said] == [
        "train_begin", *["epoch_begin", "test_begin", "test_end", "epoch_end"] * 2, "train_end",
    ]  # fmt: skip
    assert [epoch for what, epoch, _ in heard.said if what == "epoch_end"] == [0, 1]
    evaluated = [e for e in events if isinstance(e, Evaluated)][-1]
    logs = heard.said[-2][2]
    assert set(logs) == KEYS | VALIDATION
    assert logs["click_loss"] == evaluated.train_losses["click"]
    assert logs["val_click_auc"] == evaluated.metrics["click"]["auc"]
    schema = result.schema
    mean = np.mean([evaluated.metrics[t.name]["loss"] / t.constant_loss for t in schema.tasks])
    assert logs["val_loss"] == pytest.approx(mean)
    assert set(heard.said[-3][2]) == {k.removeprefix("val_") for k in VALIDATION}
    assert not {"optimizer", "stop_training", "history"} & set(vars(result.net.model))


def test_callbacks_change_nothing_and_nothing_is_retraced() -> None:
    plain, heard = run(), run(Heard(), cb.LambdaCallback(on_train_batch_end=lambda batch, logs: None))
    a, b = weights_of(plain.net.model), weights_of(heard.net.model)
    assert all((a[k] == b[k]).all() for k in a)
    assert plain.metrics == heard.metrics


def test_batches_are_read_for_those_alone_that_look_at_them() -> None:
    seen: list[tuple[int, dict[str, float]]] = []
    from mtl_magic.train.callbacks import Callbacks

    program = toy.program(callbacks=(Heard(), cb.ModelCheckpoint("x.keras"), cb.EarlyStopping()))
    assert Callbacks(program, program.train.callbacks, toy.data().schema, None).of_batches == []  # type: ignore[arg-type]
    events: list[Any] = []
    run(
        cb.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append((b, logs))),
        epochs=2,
        listeners=[events.append],
    )
    assert [b for b, _ in seen] == [0, 1, 2, 3] * 2
    assert all(set(logs) == KEYS for _, logs in seen)
    evaluated = [e for e in events if isinstance(e, Evaluated)]
    assert seen[3][1]["click_loss"] == pytest.approx(evaluated[0].train_losses["click"])
    assert seen[7][1]["watch_loss"] == pytest.approx(evaluated[1].train_losses["watch"])


def test_csv_logger(tmp_path: Any) -> None:
    run(cb.CSVLogger(tmp_path / "log.csv"))
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert set(rows[0]) == {"epoch"} | KEYS | VALIDATION


def test_history() -> None:
    history = cb.History()
    run(history)
    assert history.epoch == [0, 1, 2]
    assert set(history.history) == KEYS | VALIDATION


def test_early_stopping_ends_the_training_and_gives_its_own_best_weights_back() -> None:
    scores = iter([0.5, 0.9, 0.1, 0.1, 0.1])
    kept: list[np.ndarray] = []

    def noted(epoch: int, logs: dict[str, float]) -> None:
        logs["val_click_auc"] = next(scores)  # callbacks share their logs
        kept.append(stop.model.get_weights())

    stop = cb.EarlyStopping("val_click_auc", patience=2, restore_best_weights=True)
    events: list[Any] = []
    result = run(cb.LambdaCallback(on_epoch_end=noted), stop, epochs=9, listeners=[events.append])
    assert (result.why, result.epoch) == ("early_stop", 4)
    assert stop.mode == "max"
    assert all((a == b).all() for a, b in zip(result.net.model.get_weights(), kept[1], strict=True))
    assert any("as a callback asked" in e.text for e in events if isinstance(e, Note))
    evaluated = [e for e in events if isinstance(e, Evaluated)]
    assert result.metrics["click"]["loss"] == pytest.approx(evaluated[1].metrics["click"]["loss"], rel=1e-5)


def test_a_run_keeps_its_own_best_epoch_after_that() -> None:
    result = run(cb.EarlyStopping("val_loss", patience=1, restore_best_weights=True), epochs=6, early_stop=3, lr=0.05)
    assert result.best_epoch is not None
    assert result.metrics["click"]["loss"] > 0


def test_learning_rate_scheduler_sets_the_peak() -> None:
    seen: list[float] = []
    scheduler = cb.LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch else lr)
    events: list[Any] = []
    run(
        scheduler,
        cb.LambdaCallback(on_epoch_end=lambda e, logs: seen.append(logs["learning_rate"])),
        listeners=[events.append],
    )
    assert seen == pytest.approx([0.01, 0.005, 0.0025])
    assert [e.lr for e in events if isinstance(e, Evaluated)] == pytest.approx([0.01, 0.005, 0.0025])


def test_a_set_rate_goes_through_warm_up_and_schedule() -> None:
    rates: list[float] = []
    scheduler = cb.LearningRateScheduler(lambda epoch: 0.5)
    batch = cb.LambdaCallback(on_train_batch_end=lambda b, logs: rates.append(1.0))
    events: list[Any] = []
    run(scheduler, batch, schedule="linear", warmup=0, listeners=[events.append])
    lrs = [e.lr for e in events if isinstance(e, Evaluated)]
    assert lrs == pytest.approx([0.5 * (1 - 3 / 12), 0.5 * (1 - 7 / 12), 0.5 * (1 - 11 / 12)])


def test_reduce_lr_on_plateau() -> None:
    events: list[Any] = []
    flat = cb.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(val_loss=1.0))
    run(flat, cb.ReduceLROnPlateau(factor=0.1, patience=1), epochs=4, warmup=0, listeners=[events.append])
    assert [e.lr for e in events if isinstance(e, Evaluated)] == pytest.approx([0.01, 0.01, 0.001, 0.0001])


def test_a_rate_that_is_set_holds_for_an_optimizer_with_a_schedule_of_its_own() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 12, 0.5)
    seen: list[float] = []
    look = cb.LambdaCallback(on_epoch_begin=lambda e, logs: seen.append(float(halve.model.optimizer.learning_rate)))
    halve = cb.LearningRateScheduler(lambda epoch, lr: lr * 0.5)
    events: list[Any] = []
    run(look, halve, optimizer=keras.optimizers.Adam(schedule), lr=None, warmup=0, epochs=2, listeners=[events.append])
    assert seen == pytest.approx([0.02, 0.01])
    assert next(e.lr for e in events if isinstance(e, Evaluated)) == pytest.approx(0.01 * 0.5 ** (3 / 12))


@pytest.mark.parametrize("only", [False, True])
def test_model_checkpoint_saves_the_weights_that_were_evaluated(tmp_path: Any, only: bool) -> None:
    name = "{epoch}.weights.h5" if only else "{epoch}.keras"
    result = run(cb.ModelCheckpoint(tmp_path / name, save_weights_only=only), average=0.9, tables="adam")
    last = tmp_path / name.format(epoch=3)
    assert len(list(tmp_path.iterdir())) == 3
    if only:
        loaded = keras.models.clone_model(result.net.model)
        loaded.load_weights(last)
    else:
        loaded = keras.models.load_model(last)
        assert getattr(loaded, "optimizer", None) is None
    assert all((a == b).all() for a, b in zip(loaded.get_weights(), result.net.model.get_weights(), strict=True))


def test_model_checkpoint_of_the_best_alone(tmp_path: Any) -> None:
    scores = iter([0.2, 0.9, 0.3])
    told = cb.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(val_buy_auc=next(scores)))
    run(told, cb.ModelCheckpoint(tmp_path / "{epoch}.keras", monitor="val_buy_auc", save_best_only=True))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.keras", "2.keras"]


def test_progbar_logger(capsys: Any) -> None:
    run(cb.ProgbarLogger(), epochs=2)
    said = capsys.readouterr().out
    assert "Epoch 2/2" in said
    assert "4/4" in said
    assert "val_click_auc" in said


def test_remote_monitor() -> None:
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        root = f"http://127.0.0.1:{server.server_port}"
        run(cb.RemoteMonitor(root=root, path="/", send_as_json=True), epochs=2)
    finally:
        server.shutdown()
        server.server_close()
    assert [h["epoch"] for h in heard] == [0, 1]
    assert set(heard[0]) == {"epoch"} | KEYS | VALIDATION


def test_terminate_on_nan_ends_at_the_very_step() -> None:
    batches: list[int] = []
    count = cb.LambdaCallback(on_train_batch_end=lambda b, logs: batches.append(b))
    with pytest.raises(MtlError) as caught:
        run(count, cb.TerminateOnNaN(), lr=1e30, optimizer="sgd", warmup=0)
    assert caught.value.problems[0].code == "MTL301"
    assert len(batches) <= 3
    with pytest.raises(MtlError) as caught:
        run(cb.TerminateOnNaN(raise_error=True), lr=1e30, optimizer="sgd", warmup=0)
    assert caught.value.problems[0].code == "MTL308"
    assert "TerminateOnNaN fails in on_train_batch_end" in caught.value.problems[0].message


def test_tensorboard_works_or_says_what_it_needs(tmp_path: Any) -> None:
    board = cb.TensorBoard(tmp_path, write_graph=False)
    if importlib.util.find_spec("tensorboard") is None:
        assert refused(board) == ("it needs the package tensorboard", "pip install tensorboard")
        return
    run(board)
    assert list(tmp_path.rglob("events*"))


def refused(callback: Any) -> tuple[str, str]:
    with pytest.raises(MtlError) as caught:
        check(toy.program(callbacks=(callback,)))
    (problem,) = caught.value.problems
    assert problem.code == "MTL307"
    assert type(callback).__name__ in problem.message
    return problem.message.partition("used: ")[2].partition(",")[0], problem.hint


def test_those_that_cannot_work_are_refused_by_name(tmp_path: Any) -> None:
    assert "ModelCheckpoint" in refused(cb.BackupAndRestore(tmp_path))[1]
    assert "average=" in refused(cb.SwapEMAWeights())[1]
    assert "epoch" in refused(cb.ModelCheckpoint(tmp_path / "x.keras", save_freq=10))[1]

    class OrbaxCheckpoint(cb.Callback):
        """The class itself cannot be made without its package."""

        __module__ = "keras.src.callbacks.orbax_checkpoint"

    assert "ModelCheckpoint" in refused(OrbaxCheckpoint())[1]

    class Mine(cb.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    assert "on_test_end" in refused(Mine())[1]


def test_every_callback_of_this_keras_is_in_these_tests() -> None:
    known = {
        "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback",
        "LearningRateScheduler", "ModelCheckpoint", "OrbaxCheckpoint", "ProgbarLogger", "ReduceLROnPlateau",
        "RemoteMonitor", "SwapEMAWeights", "TensorBoard", "TerminateOnNaN",
    }  # fmt: skip
    assert {name for name in dir(cb) if not name.startswith("_")} <= known


def test_weights_that_a_callback_sets_stay() -> None:
    zeros = cb.LambdaCallback(on_epoch_end=lambda e, logs: zeroed(zeros.model))

    def zeroed(model: Any) -> None:
        model.set_weights([w * 0 for w in model.get_weights()])

    result = run(zeros, epochs=1)
    assert all((v == 0).all() for k, v in weights_of(result.net.model).items() if "seed" not in k)


def test_weights_that_a_callback_loads_are_where_the_averages_begin() -> None:
    def halved(logs: Any) -> None:
        start.model.set_weights([w * 0.5 for w in start.model.get_weights()])
        begun.extend(start.model.get_weights())

    begun: list[np.ndarray] = []
    start = cb.LambdaCallback(on_train_begin=halved)
    result = run(start, epochs=1, lr=1e-12)
    floats = [(a, b) for a, b in zip(result.net.model.get_weights(), begun, strict=True) if a.dtype == "float32"]
    assert all(np.allclose(a, b, atol=1e-6) for a, b in floats)


def test_an_exception_is_the_persons_and_names_the_callback() -> None:
    def fails(epoch: int, logs: Any) -> None:
        raise KeyError("nope")

    text = "task click: binary\ntrain epochs=1 callbacks={[mine]}"
    table = {"click": np.arange(200) % 2, "x": np.arange(200.0)}
    with pytest.raises(MtlError) as caught:
        mtl_magic.fit(text, table, namespace={"mine": cb.LambdaCallback(on_epoch_end=fails)})
    (problem,) = caught.value.problems
    assert problem.code == "MTL308"
    assert problem.message == "the callback LambdaCallback fails in on_epoch_end: KeyError: 'nope'"
    assert (problem.line, problem.column) == (2, 26)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_callback_is_given_alone_or_in_a_list_and_nothing_else() -> None:
    table = {"click": np.arange(200) % 2, "x": np.arange(200.0)}
    history = cb.History()
    mtl_magic.fit("task click: binary", table, epochs=1, callbacks=history)
    assert history.epoch == [0]
    for wrong in ("{History}", "{[3]}", "csv"):
        with pytest.raises(MtlError) as caught:
            mtl_magic.fit(f"task click: binary\ntrain callbacks={wrong}", table, namespace={"History": cb.History})
        assert caught.value.problems[0].code == "MTL041"
        assert "Keras callback" in caught.value.problems[0].message


def test_a_task_without_a_label_in_validation_is_left_out_of_the_logs() -> None:
    prepared = toy.data(1000, 200)
    assert prepared.valid is not None
    labels = prepared.valid.labels.copy()
    labels[:, 2] = np.nan
    valid = dataclasses.replace(prepared.valid, labels=labels)
    heard = Heard()
    train(toy.program(epochs=1, callbacks=(heard,)), dataclasses.replace(prepared, valid=valid))
    logs = heard.said[-2][2]
    assert "val_watch_loss" not in logs
    assert math.isfinite(logs["val_loss"])
