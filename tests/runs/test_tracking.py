"""MLflow: what is logged of a training, and that its failures cost the log alone."""

from __future__ import annotations

import re
import sys
import types

import pytest
from cli.cells import written

from mtl_magic.cli.main import main
from mtl_magic.problems import MtlError
from mtl_magic.runs.fitting import compile_program
from mtl_magic.runs.tracking import Tracker, metrics, params, tracked
from mtl_magic.train.events import Evaluated

NAMES = re.compile(r"[/\w.\- :]+")  # that MLflow takes


class Fake(types.ModuleType):
    """An MLflow that remembers; `breaks` is the function that fails."""

    def __init__(self, breaks=""):
        super().__init__("mlflow")
        self.__spec__ = types.SimpleNamespace(name="mlflow")
        self.said, self.breaks, self.running = [], breaks, False

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args, **kwargs):
            if name == self.breaks:
                raise OSError(f"{name} is down")
            self.said.append((name, args, kwargs))
            if name in ("start_run", "end_run"):
                self.running = name == "start_run"
            if name == "start_run":
                return types.SimpleNamespace(info=types.SimpleNamespace(run_id="1f"))
            return "outer" if name == "active_run" and self.running else None

        return call

    def all(self, name):
        return [args[0] if args else kwargs for n, args, kwargs in self.said if n == name]


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setitem(sys.modules, "mlflow", made)
    return made


def train(tmp_path, *more):
    spec, data = written(tmp_path)
    return main(["train", spec, "--data", data, "--store", str(tmp_path / "runs"), "--quiet", "--mlflow", *more])


def test_a_training_is_logged(fake, tmp_path):
    assert train(tmp_path) == 0
    assert fake.all("start_run") == [{"run_name": "feed", "nested": False}]
    (said,) = fake.all("log_params")
    assert said["train.epochs"] == "2"
    assert said["task.click.kind"] == "binary"
    first, second, last = fake.all("log_metrics")
    assert (first["epoch"], second["epoch"]) == (1.0, 2.0)
    assert 0 < second["valid_auc/click"] < 1
    assert last["final_valid_auc/click"] == pytest.approx(
        max(first["valid_auc/click"], second["valid_auc/click"]), abs=0.2
    )
    assert [kwargs["step"] for n, _, kwargs in fake.said if n == "log_metrics"] == [10, 20, 20]
    assert [args for n, args, _ in fake.said if n == "log_artifacts"] == [(str(tmp_path / "runs" / "feed"), "run")]
    assert fake.all("end_run") == ["FINISHED"]


def test_a_run_inside_of_another_is_its_child(fake):
    fake.running = True
    Tracker("feed", compile_program("task click"))
    assert fake.all("start_run") == [{"run_name": "feed", "nested": True}]


@pytest.mark.parametrize("breaks", ["log_params", "log_metrics", "log_artifacts", "end_run"])
def test_a_server_that_fails_later_costs_the_log_alone(tmp_path, monkeypatch, breaks):
    fake = Fake(breaks)
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    with pytest.warns(UserWarning, match=f"takes no more of this training: {breaks} is down"):
        assert train(tmp_path) == 0
    assert (tmp_path / "runs" / "feed" / "run.json").exists()
    assert fake.all("end_run") == ([] if breaks == "end_run" else ["FINISHED"])


def test_a_server_that_is_not_there_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mlflow", Fake("start_run"))
    assert train(tmp_path) == 1
    assert "MTL461" in capsys.readouterr().err


def test_without_mlflow_the_error_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert train(tmp_path) == 1
    said = capsys.readouterr().err
    assert "MTL460" in said
    assert "pip install mlflow" in said


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_training_that_fails_closes_its_run(fake, error, status):
    with pytest.raises(error), tracked("feed", compile_program("task click")):
        raise error
    assert fake.all("end_run") == [status]


def test_names_are_those_that_mlflow_takes():
    program = compile_program("task 名, 'a|b (c)': binary\nshare user = mlp from inputs\nbalance uncertainty")
    nan = float("nan")
    event = Evaluated(
        3, 1, 0.5, {"a|b (c)": 0.5, "名": nan}, {"名": {"auc": nan, "gauc(user)": 0.5}}, {"名": 1.0}, 0.1, True
    )
    found = metrics(event)
    assert found == {"epoch": 1.0, "lr": 0.1, "loss/a_b _c_": 0.5, "weight/名": 1.0, "valid_gauc_user_/名": 0.5}
    assert all(NAMES.fullmatch(name) for name in (*params(program), *found))


def test_the_cell_has_the_flag(fake, tmp_path, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.magic.cell import run_cell

    _, data = written(tmp_path)
    shell = InteractiveShell.instance()
    namespace = {"log": data}
    text = "ignore buy\ntask click: binary\ntrain epochs=1"
    run = run_cell(shell, f"--data log --mlflow --quiet --store '{tmp_path / 'runs'}'", text, namespace)
    assert [args for n, args, _ in fake.said if n == "log_artifacts"] == [(str(run.folder), "run")]
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MtlError) as caught:
        run_cell(shell, "--data log --mlflow --quiet", text, namespace)
    assert [(p.code, p.column) for p in caught.value.problems] == [("MTL460", 18)]
