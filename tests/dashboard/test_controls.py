import pytest

from mtl_magic.dashboard.controls import Controls
from mtl_magic.train.control import Command, Control


@pytest.fixture
def controls():
    return Controls(["click", "like"], weights={"like": 2.0}, lr=0.01, method="equal", methods=["equal", "uncertainty"])


@pytest.fixture
def control(controls):
    control = Control()
    controls.connect(control)
    return control


def page_sets(controls, **state):
    """As a front end's update arrives."""
    controls._handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})


def page_sends(controls, content):
    controls._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def test_the_state_is_small_and_says_what_is_there(controls):
    state = controls.get_state()
    assert state["weights"] == {"click": 1.0, "like": 2.0}
    assert state["defaults"] == {"weights": {"click": 1.0, "like": 2.0}, "lr": 0.01, "method": "equal"}
    assert state["methods"] == ["equal", "uncertainty"]
    assert repr(controls) == "Controls of click, like"


def test_a_weight_that_moved_becomes_one_command(controls, control):
    page_sets(controls, weights={"click": 1.0, "like": 2.5})
    assert control.take() == [Command("weight", "like", 2.5)]
    page_sets(controls, weights={"click": 0, "like": 2.5})
    assert control.take() == [Command("weight", "click", 0.0)]


@pytest.mark.parametrize("button", ["pause", "resume", "stop"])
def test_a_button_becomes_a_command(controls, control, button):
    page_sends(controls, {"do": button})
    assert control.take() == [Command(button)]


def test_a_reset_goes_back_to_what_was_written(controls, control):
    page_sets(controls, weights={"click": 1.0, "like": 0.5})
    page_sends(controls, {"do": "reset", "task": "like"})
    assert control.take()[-1] == Command("weight", "like", 2.0)


def test_the_learning_rate(controls, control):
    page_sets(controls, lr=0.02)
    assert control.take() == [Command("lr", value=0.02)]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"weights": {"like": -1}}, "the weight of 'like' must be a number of at least 0, not -1"),
        ({"weights": {"like": float("nan")}}, "the weight of 'like' must be a number of at least 0, not nan"),
        ({"weights": {"like": float("inf")}}, "the weight of 'like' must be a number of at least 0, not inf"),
        ({"weights": {"like": "2"}}, "the weight of 'like' must be a number of at least 0, not '2'"),
        ({"weights": {"like": True}}, "the weight of 'like' must be a number of at least 0, not True"),
        ({"weights": {"liek": 1}}, "there is no task 'liek'"),
        ({"lr": 0}, "the learning rate must be a number above 0, not 0"),
        ({"lr": None}, "the learning rate must be a number above 0, not None"),
        ({"method": "equl"}, "there is no balancing method 'equl'"),
    ],
)
def test_what_does_not_fit_is_said_in_the_widget_and_sent_nowhere(controls, control, state, said):
    page_sets(controls, **state)
    assert controls.error == said
    assert control.take() == []
    page_sets(controls, weights={"click": 3.0, "like": 2.0})
    assert controls.error == ""  # what fits again takes it away


def test_what_fits_of_a_message_does_not_hide_what_does_not(controls, control):
    """While the kernel is busy ipywidgets sends several traits in one."""
    said = []
    controls.observe(lambda change: said.append(change["new"]), "error")
    page_sets(controls, weights={"click": -1, "like": 2.0}, method="uncertainty", lr=0.5)
    assert said == ["the weight of 'click' must be a number of at least 0, not -1"]
    assert sorted(c.what for c in control.take()) == ["lr", "method"]


@pytest.mark.parametrize(
    "content", [{"do": "explode"}, {"do": "reset", "task": "liek"}, {"do": "reset"}, "stop", None, ["stop"], {}]
)
def test_a_message_that_nobody_knows_is_said_and_sent_nowhere(controls, control, content):
    page_sends(controls, content)
    assert controls.error
    assert control.take() == []


def test_an_error_of_a_callback_never_leaves_it(controls):
    class Broken(Control):
        def pause(self):
            raise RuntimeError("the mailbox burns\nall of it")

    controls.connect(Broken())
    page_sends(controls, {"do": "pause"})
    assert controls.error == "the mailbox burns"


def test_before_and_after_a_training_nothing_is_sent(controls):
    page_sends(controls, {"do": "stop"})
    control = Control()
    controls.connect(control)
    controls.finish()
    page_sends(controls, {"do": "stop"})
    page_sets(controls, weights={"click": 3.0, "like": 2.0})
    assert control.take() == []
    assert controls.ended


def test_who_listens_hears_every_message(controls, control):
    heard = []
    controls.heard.append(lambda: heard.append(1))
    page_sends(controls, {"do": "hello", "n": 0})
    page_sets(controls, lr=0.5)
    assert len(heard) == 2
    assert control.take() == [Command("lr", value=0.5)]


def test_the_kernel_writes_nothing_back(controls, control, monkeypatch):
    """On ipykernel 7.4 a comm on which the kernel sends is answered behind the cell."""
    sent = []
    monkeypatch.setattr(controls, "_send", lambda message, buffers=None: sent.append(message))
    page_sets(controls, lr=0.5)
    page_sends(controls, {"do": "pause"})
    assert [m for m in sent if m["method"] != "echo_update"] == []


def test_of_a_program():
    from mtl_magic.runs.fitting import compile_program

    program = compile_program("task click\ntask like weight 3")
    controls = Controls.of(program, lr=0.1, method="equal")
    assert controls.weights == {"click": 1.0, "like": 3.0}
    assert {"equal", "static", "uncertainty"} <= set(controls.methods)
