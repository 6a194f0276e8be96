import pytest

from mtl_magic.dashboard import bundles
from mtl_magic.dashboard.charts import Charts
from mtl_magic.explanation.colours import DARK, LIGHT
from mtl_magic.train.events import Finished, Progress, Started

STARTED = Started(("click",), {"click": "auc"}, 5, 100, 32, 3200)


@pytest.fixture
def charts(monkeypatch):
    charts = Charts("feed", ["click"], {"click": "auc"}, constants={"click": 0.0})
    charts.sent = []
    monkeypatch.setattr(charts, "send", lambda message, buffers: charts.sent.append(message))
    return charts


def test_what_a_page_needs_is_in_its_state(charts):
    state = charts.get_state()
    assert state["charts"] == ["device", "gates", "gradients", "conflicts", "losses", "metrics", "progress", "weights"]
    assert state["colours"] == {"light": list(LIGHT), "dark": list(DARK)}
    assert state["constants"] == {}  # one of 0 divides nothing
    assert repr(charts) == "Dashboard of feed"
    assert charts._repr_mimebundle_()[0]["text/plain"] == "Dashboard of feed"


def test_it_listens_and_answers_a_view(charts):
    charts(STARTED)
    charts._handle_msg(
        {"content": {"data": {"method": "custom", "content": {"do": "hello", "view": "v"}}}, "buffers": []}
    )
    for other in (None, "hello", {"do": "hello"}, {"do": "hello", "view": 3}, {"do": "stop"}):
        charts._handle_msg({"content": {"data": {"method": "custom", "content": other}}, "buffers": []})
    assert [m["do"] for m in charts.sent] == ["rows", "snapshot"]


def test_the_history_is_a_trait_once_it_has_ended(charts):
    charts(STARTED)
    charts(Progress(10, 0.1, 1.0, 1.0, {"click": 0.5}, {"click": 1.0}))
    assert charts.history == {}
    charts(Finished(10, 1, 1.0, "epochs"))
    assert charts.history["status"]["state"] == "ended"
    assert {frame["kind"] for frame in charts.history["frames"]} == {"losses", "weights", "progress"}
    assert all(isinstance(frame["data"], bytes) for frame in charts.history["frames"])


def test_a_bundle_that_was_not_built_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(bundles, "STATIC", tmp_path)
    bundles.bundle.cache_clear()
    try:
        with pytest.raises(RuntimeError, match=r"charts\.js has not been built: run 'make setup'"):
            Charts("feed", ["click"], {})
    finally:
        bundles.bundle.cache_clear()


def test_the_bundles_are_small_and_fetch_nothing():
    for name, most in (
        ("charts.js", 80_000),
        ("controls.js", 12_000),
        ("charts.css", 12_000),
        ("controls.css", 12_000),
    ):
        text = bundles.bundle(name)
        assert len(text.encode()) <= most, name
        assert "https://" not in text
        assert "import(" not in text
        assert "innerHTML" not in text
    assert (bundles.STATIC / "uplot.LICENSE.txt").read_text().startswith("The MIT License")


def test_of_a_schema(monkeypatch):
    import pandas as pd

    from mtl_magic.runs.fitting import compile_program, prepare

    program = compile_program("feature a: number\ntask click\ntask watch: regression")
    table = pd.DataFrame({"a": range(40), "click": [0, 1] * 20, "watch": [1.5 * i for i in range(40)]})
    charts = Charts.of("feed", prepare(program, table).schema)
    assert charts.tasks == ["click", "watch"]
    assert charts.metrics == {"click": "auc", "watch": "rmse"}
    assert charts.higher == {"click": True, "watch": False}
    assert charts.constants["watch"] > 0
