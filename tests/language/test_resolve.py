from __future__ import annotations

import types

import pytest

from mtl_magic.language import parse, resolve
from mtl_magic.problems import MtlError
from mtl_magic.program import INPUTS, BlockPlan


def program(text, words, namespace=None):
    return resolve(parse(text, words), words, namespace)


def test_the_smallest_cell_has_every_default(words):
    made = program("task click: binary", words)
    (block,) = made.blocks
    assert (block.name, block.block.word, block.sources) == ("", "mlp", (INPUTS,))
    (task,) = made.tasks
    assert (task.name, task.kind.word, task.sources, task.weight, task.label) == (
        "click",
        "binary",
        ("",),
        1.0,
        "click",
    )
    assert (made.balance.word, made.train.epochs, made.split_given, made.tune) == ("equal", 10, False, None)
    assert made.canonical == "task click: binary"


def test_a_task_takes_the_unnamed_block_else_the_last_one(words):
    assert program("share mmoe\nshare a = mlp\ntask x\ntask y from a", words).task("x").sources == ("",)
    assert program("share a = mlp from b\nshare b = mlp\ntask x", words).task("x").sources == ("a",)
    assert program("share none\ntask x, y", words).blocks[0].block.word == "none"
    assert program("task x from inputs\ntask y from none", words).blocks == ()


def test_blocks_come_after_those_that_they_draw_from(words):
    made = program("share c = mlp from b, a\nshare b = mlp from a, age\nshare a = mlp\ntask x", words)
    assert [b.name for b in made.blocks] == ["a", "b", "c"]
    assert [b.sources for b in made.blocks] == [("inputs",), ("a", "age"), ("b", "a")]
    assert made.blocks[2].source_spans[0].column == 20
    assert isinstance(made.blocks[0], BlockPlan)


def test_features_and_ignored_columns(words):
    made = program("feature a, b_*: number(log)\nfeature 'c*'\nignore d\ntask x", words)
    assert [(f.pattern, f.wildcard, getattr(f.kind, "scale", None)) for f in made.features] == [
        ("a", False, "log"),
        ("b_*", True, "log"),
        ("c*", False, None),
    ]
    assert [f.pattern for f in made.ignores] == ["d"]
    assert made.features[0].kind_span.column == 17


def test_default_dependency(words):
    text = "task a: binary\ntask b: binary given a\ntask c: regression given a\ntask d given a\ntask e given a via aitm"
    made = program(text, words)
    found = [made.task(n).givens[0] for n in "bcde"]
    assert [getattr(g.method, "word", None) for g in found] == ["esmm", "observed", None, "aitm"]
    assert {g.parent for g in found} == {"a"}


def test_options_become_declarations(words):
    made = program("task a: binary(loss=focal(3), metrics=[auc, gauc(user)], tower=32)\ntask d: multiclass(10)", words)
    kind = made.task("a").kind
    assert (kind.loss.word, kind.loss.gamma) == ("focal", 3.0)
    assert [m.word for m in kind.metrics] == ["auc", "gauc"]
    assert kind.metrics[1].group == "user"
    assert kind.tower == (32,)
    assert made.task("d").kind.n == 10


def test_settings_lines_merge_and_their_places_are_kept(words):
    made = program(
        "task a\ntrain lr=0.1 epochs=3\ntrain batch=none early_stop=a.auc\nsplit time=day valid='2022-05-01'", words
    )
    assert (made.train.lr, made.train.epochs, made.train.batch, made.train.early_stop) == (0.1, 3, None, "a.auc")
    assert (made.split.time, made.split.valid, made.split_given) == ("day", "2022-05-01", True)
    assert made.places["split.time"].line == 4
    assert made.places["train.batch"].column == 13


def test_mix_and_values_per_name(words):
    made = program("share ple(own=[a=4, b=2])\ntask a, b\ntrain mix=[t=0.7, 'u v'=0.3]", words)
    assert made.blocks[0].block.own == {"a": 4, "b": 2}
    assert made.train.mix == {"t": 0.7, "u v": 0.3}


def test_python_is_evaluated_once_in_the_namespace(words):
    calls = []

    def make(value):
        calls.append(value)
        return value

    layer, loss = (lambda x: x), (lambda y, z: 0)
    namespace = {"make": make, "layer": layer, "loss": loss, "n": 3}
    text = "share {make(layer)}\ntask a, b: binary(loss={make(loss)}, tower=[{n}, 2]) weight {make(2)}"
    made = program(text, words, namespace)
    assert calls == [layer, loss, 2]
    assert made.blocks[0].block is layer
    assert [t.kind.loss for t in made.tasks] == [loss, loss]
    assert made.task("b").kind.tower == (3, 2)
    assert [t.weight for t in made.tasks] == [2.0, 2.0]
    assert set(namespace) == {"make", "layer", "loss", "n"}


def test_python_may_give_what_a_list_cannot(words):
    method = words.find("balance", "equal")()
    made = program("share ple(own={ {'a': 3} })\ntask a\nbalance {method}", words, {"method": method})
    assert made.blocks[0].block.own == {"a": 3}
    assert made.balance is method


@pytest.mark.parametrize("text", ["task a\nbalance {f}", "task a: binary(metrics=[{f}])"])
def test_a_function_is_no_balancing_method_and_no_metric(words, text):
    with pytest.raises(MtlError) as raised:
        program(text, words, {"f": print})
    assert [p.code for p in raised.value.problems] == ["MTL041"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("many", "'experts' of mmoe is a whole number of at least 1, not 'many'"),
        (0, "'experts' of mmoe is a whole number of at least 1, not 0"),
        (types.SimpleNamespace(), "'experts' of mmoe is a whole number of at least 1, not a SimpleNamespace"),
    ],
)
def test_python_of_a_wrong_kind_is_told_at_its_place(words, value, said):
    with pytest.raises(MtlError) as caught:
        program("task a\nshare mmoe(experts={v})", words, {"v": value})
    (problem,) = caught.value.problems
    assert problem.message == said
    assert (problem.line, problem.column, problem.end_column) == (2, 20, 23)


def test_a_value_that_breaks_in_its_conversion_is_told(words):
    class Odd:
        def __bool__(self):
            raise RuntimeError

        __eq__ = __int__ = __float__ = __bool__

    for text in ("train lr={v}", "share mmoe(experts={v})", "feature f: number(scale={v})", "train early_stop={v}"):
        with pytest.raises(MtlError, match="not a Odd"):
            program(f"task a\n{text}", words, {"v": Odd()})


def test_all_failures_of_python_at_once(words):
    with pytest.raises(MtlError) as caught:
        program("task a weight {1/0}\nshare mmoe(experts={nn})\ntask b: binary(loss={exit})", words, {"n": 1})
    found = caught.value.problems
    assert [(p.code, p.line) for p in found] == [("MTL051", 1), ("MTL051", 2)]
    assert found[1].message == "the Python in braces raised NameError: name 'nn' is not defined"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_near_name_of_the_namespace_is_offered(words):
    with pytest.raises(MtlError, match="did you mean 'my_layer'"):
        program("share {my_lyer}\ntask a", words, {"my_layer": print})


def test_a_block_in_braces_must_be_callable(words):
    with pytest.raises(MtlError, match="a block in braces is something that can be called, not 3"):
        program("share {3}\ntask a", words, {})


def test_no_namespace_no_python(words):
    with pytest.raises(MtlError) as caught:
        program("task a weight {1}", words)
    assert [p.code for p in caught.value.problems] == ["MTL050"]


def test_rules_that_only_values_show(words):
    with pytest.raises(MtlError, match="top 4 of 2 experts"):
        program("share mmoe(experts=2, top={4})\ntask a", words, {})


def test_search_spaces_stand_for_their_first_value(words):
    text = "share mmoe(experts=choose(4, 8))\ntask a\ntrain lr=range(1e-4, 1e-2, log)\nbalance choose(famo, equal)\ntune trials=3"
    made = program(text, words)
    assert (made.blocks[0].block.experts, made.train.lr, made.balance.word, made.tune.trials) == (4, 1e-4, "famo", 3)


def test_tune_needs_something_to_tune(words):
    text = "task a\ntune trials=3"
    with pytest.raises(MtlError) as caught:
        program(text, words)
    (problem,) = caught.value.problems
    assert (problem.code, problem.span.line, problem.span.column) == ("MTL049", 2, 1)
    assert program(f"{text}\ntrain lr=choose(0.1, 0.2)", words).tune.trials == 3


def test_a_spec_that_parse_never_saw_is_checked(words):
    from mtl_magic.language.spec import Call, Spec, Task, Word

    with pytest.raises(MtlError) as caught:
        resolve(Spec((Task((Word("a"),), Call("binray"), (Word("x"),), ()),)), words)
    assert [p.code for p in caught.value.problems] == ["MTL020"]


def test_names_that_differ_in_composition_alone_meet(words):
    made = program("share caf\u00e9 = mlp\ntask a from cafe\u0301", words)
    assert made.tasks[0].sources == ("caf\u00e9",)


def test_a_task_may_be_watched_by_its_loss(words):
    assert program("task click: binary\ntrain early_stop=click.loss", words, {}).train.early_stop == "click.loss"


class Optimizer:
    def apply_gradients(self):
        """As an optimizer of Keras has it."""


def test_a_class_is_no_optimizer():
    from mtl_magic.vocabulary import vocabulary

    names = {"keras": types.SimpleNamespace(AdamW=Optimizer)}
    assert program("task a\ntrain optimizer={keras.AdamW()}", vocabulary(), names).train.optimizer
    with pytest.raises(MtlError) as caught:
        program("task a\ntrain optimizer={keras.AdamW}", vocabulary(), names)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.hint) == ("MTL041", 2, "make one of it: {keras.AdamW()}")
    assert problem.message.endswith("or a Keras optimizer in braces, not the class Optimizer")


@pytest.mark.parametrize("text", ["train seed=5000000000", "split seed={2**32}"])
def test_a_seed_has_a_maximum(text):
    from mtl_magic.vocabulary import vocabulary

    with pytest.raises(MtlError, match="a whole number from 0 to 4294967295, not ") as caught:
        program(f"task a\n{text}", vocabulary(), {})
    assert [p.code for p in caught.value.problems] == ["MTL041"]
    assert program("task a\ntrain seed=4294967295", vocabulary()).train.seed == 2**32 - 1


@pytest.mark.parametrize("text", ["task a weight {inf}", "task a\ntrain lr={inf}", "task a\nsplit valid={inf}"])
def test_infinity_is_no_number(text):
    from mtl_magic.vocabulary import vocabulary

    for value in (float("inf"), float("nan")):
        with pytest.raises(MtlError) as caught:
            program(text, vocabulary(), {"inf": value})
        (problem,) = caught.value.problems
        assert (problem.code, problem.hint) == ("MTL041", "it must be finite")
