from __future__ import annotations

import sys

import pytest
from language.lacking import without

from mtl_magic.language import examine, parse, spec
from mtl_magic.language.spec import Call, Number, Word
from mtl_magic.problems import MtlError, Span

FEED = """\
feature user_id, item_id: category(dim=16)
feature price, age:       number(scale=log)
feature genres:           tags(dim=8)
feature history:          sequence(of=item_id, length=50, encoder=din)
feature title_vec:        vector
ignore  request_id

share   mmoe(experts=8, units=[128, 64])

task    click: binary
task    like:  binary(loss=focal(gamma=2))
task    buy:   binary given click                 # P(buy) = P(click) P(buy | click)
task    watch: regression(loss=huber) weight 0.5  # a row with no label teaches this task nothing

balance gradnorm(alpha=1.5)
train   epochs=5 batch=4096 lr=1e-3 precision=mixed
"""
TREE = """\
share trunk    = mlp(units=[256])
share social   = mlp(units=[64])                                            from trunk
share commerce = ple(levels=2, shared=4, own=[buy=4, price=2], units=[64])  from trunk
share user     = mlp(units=[64])                                            from user_*, history
task  like:  binary     from social
task  buy:   binary     from commerce
task  price: regression from commerce, social, user
task  spam:  binary     from inputs
task  bot:   binary     from none
"""
SEARCH = """\
share mmoe(experts=choose(4, 8, 16), units=[choose(64, 128), 64])
task like, buy: binary
train lr=range(1e-4, 1e-2, log)
balance choose(equal, famo)
tune  trials=30 method=bayesian objective=buy.auc, like.auc time="30m"
"""


def error_of(text, words, **options):
    with pytest.raises(MtlError) as caught:
        parse(text, words, **options)
    return caught.value


def wrong(text, words, **options):
    return error_of(text, words, **options).problems


@pytest.mark.parametrize("text", ["task   click: binary\nignore like, buy\n", FEED, TREE, SEARCH])
def test_examples_of_the_language_page(words, text):
    made = parse(text, words)
    assert len(made.statements) == sum(1 for line in text.splitlines() if line.strip())
    again = parse(str(made), words)
    assert again == made
    assert str(again) == str(made)


def test_statement_of_each_kind(words):
    made = parse(FEED, words)
    assert made.statements[0] == spec.Feature(
        (Word("user_id"), Word("item_id")), Call("category", (spec.Arg("dim", Number(16)),))
    )
    task = made.statements[9]
    assert task.givens == (spec.Given((Word("click"),)),)
    assert made.statements[10].weight == Number(0.5)
    assert made.statements[-1].word == "train"


def test_statement_and_clause_words_are_free_as_names(words):
    text = (
        "feature task, trunk, weight, given, by, via, allow, share: number\n"
        "share from = mlp from from_, by\n"
        "share from_ = mlp\n"
        "task balance, train: binary from from\n"
        "task via from from given balance, train via esmm weight 2 allow MTL104\n"
        "split time=allow\n"
    )
    made = parse(text, words)
    assert [w.text for w in made.statements[0].names] == [
        "task",
        "trunk",
        "weight",
        "given",
        "by",
        "via",
        "allow",
        "share",
    ]
    last = made.statements[4]
    assert [w.text for w in last.sources] == ["from"]
    assert [w.text for w in last.givens[0].parents] == ["balance", "train"]
    assert last.allow == ("MTL104",)


@pytest.mark.parametrize("name", ["价格", "हिन्दी", "ราคาก็", "prix_é", "e\u0301te\u0301", "Größe", "ж1", "_x"])
def test_names_of_any_script_are_plain_words(words, name):
    assert parse(f"task {name}: binary", words).statements[0].names[0].text == name


@pytest.mark.parametrize(
    "name", ["a.b", "a-b", "my label", "x/y", "it's", 'the "b"', "both ' and \"", "7up", "a*b", "价格：", " "]
)
def test_any_other_name_is_quoted(words, name):
    quoted = "'" + name.replace("'", "''") + "'"
    made = parse(f"task {quoted}: binary", words)
    assert made.statements[0].names[0].text == name
    assert parse(str(made), words) == made


def test_quotes_change_nothing_but_the_star(words):
    assert parse("task 'a'", words) == parse('task "a"', words) == parse("task a", words)
    plain, quoted = parse("feature a_*\ntask t", words), parse("feature 'a_*'\ntask t", words)
    assert plain != quoted
    assert quoted.statements[0].names[0].literal


def test_names_are_compared_exactly_then_by_nfc(words):
    parse("task caf\u00e9\ntask b given cafe\u0301", words)
    parse("task caf\u00e9\ntask cafe\u0301", words)  # two columns may differ in this alone


def test_brackets_continue_a_line_and_comments_stand_anywhere(words):
    text = "task a: binary(  # one\n\n   tower=[64,  # two )\n 32],\n)  weight 2 # three\n# four"
    assert parse(text, words) == parse("task a: binary(tower=[64, 32]) weight 2", words)


def test_a_cell_may_be_indented_as_a_whole(words):
    made = parse("\n    task a: binary(\n      tower=[1]\n    )\n    task b\n", words)
    assert made.statements[1].span == Span(5, 5, 5, 11)
    problems = wrong("    task a: binary(\n    task b: binary)\n", words)
    assert [(p.code, p.line) for p in problems] == [("MTL003", 1), ("MTL004", 2)]


def test_every_line_end_counts_as_an_editor_counts(words):
    for end in ("\n", "\r\n", "\r"):
        problems = wrong(end.join(["task a", "# \x0b \x0c \x1c \u2028 \x85", "tsk b"]), words)
        assert [p.line for p in problems] == [3]
        problems[0].render("x")
    error = error_of("# \u2028\ntsk b", words)
    assert "    tsk b\n    ^^^" in str(error)


def test_places_count_code_points_and_tabs_once(words):
    (problem,) = wrong("\ttask 価格, b:\tbinray", words)
    assert (problem.column, problem.end_column) == (14, 20)
    rendered = problem.render("\ttask 価格, b:\tbinray").split("\n")
    assert rendered[1:3] == ["    task 価格, b: binray", "                  ^^^^^^"]


def test_header_is_line_one(words):
    error = error_of("task a\ntsk b", words, header="%%mtl feed --data x")
    assert error.problems[0].line == 3
    assert error.text == "%%mtl feed --data x\ntask a\ntsk b"
    assert "    tsk b\n" in str(error)
    error = error_of("ignore a", words, header="%%mtl feed")
    assert str(error).split("\n")[:2] == [
        "MtlError MTL014, line 1: the cell declares no task: nothing would be predicted",
        "    %%mtl feed",
    ]
    error = error_of("tsk b", words, first_line=5)
    assert error.problems[0].line == 5
    assert "    tsk b\n" in str(error)


def test_all_mistakes_at_once_in_the_order_of_the_text(words):
    text = "tsk a: binary\nfeature x: nubmer\nshare mlp(units=[64\ntask b: binary(\ntask c: binary(loss='x)\ntask d: {f(}\ntask e: binary given q"
    problems = wrong(text, words)
    assert [(p.line, p.code) for p in problems] == [
        (1, "MTL002"), (2, "MTL020"), (3, "MTL003"), (4, "MTL003"), (5, "MTL005"), (6, "MTL006"), (7, "MTL029"),
    ]  # fmt: skip


def test_what_could_not_be_read_is_not_reported_as_missing(words):
    text = "share trunk = mlp(units=[64\ntask a, 'b c': binary(loss='\ntask d: binary from trunk given a given 'b c'\nfeature x:\nshare s = mlp from y, d2"
    assert {p.code for p in wrong(text, words)} == {"MTL003", "MTL005", "MTL001"}


def test_examine_gives_the_statements_that_could_be_read(words):
    made, problems = examine("task a\ntsk b\ntask c", words)
    assert [s.names[0].text for s in made.statements] == ["a", "c"]
    assert len(problems) == 1


def test_python_in_braces_is_kept_as_text_and_never_run(words):
    text = "share {boom(1, [2, '}'], {'a': f\"{x['}']}\"})  # }\n}\ntask a: binary(loss={ raise_ }) weight {1/0}"
    made = parse(text, words)
    assert made.statements[0].block.text.startswith("boom(1, [2, '}']")
    assert made.statements[1].kind.get("loss") == spec.Python("raise_")
    assert parse(str(made), words) == made


def test_python_ends_with_a_comment(words):
    made = parse("share {f(x)  # the layer\n}\ntask a", words)
    assert parse(str(made), words) == made


def test_values(words):
    kind, _ = examine(
        "task buy, a\ntask b given a\ntrain early_stop='buy'.auc\ntune objective=[b|a.auc, buy.auc] time='1 h'", words
    )
    assert kind.statements[2].args[0].value == spec.Dotted(Word("buy"), "auc")
    assert kind.statements[3].args[0].value.items[0].value == spec.Dotted(spec.Conditional("b", "a"), "auc")
    for text, value in [
        ("1_000", 1000),
        ("+5", 5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("{x}", None),
        ("1E-3", 0.001),
    ]:
        made = parse(f"task a weight {text}", words).statements[0].weight
        assert made == (spec.Number(value) if value is not None else spec.Python("x"))
    for text in ("true", "false", "none"):
        assert isinstance(parse(f"task a\ntrain early_stop={text}", words).statements[1].args[0].value, spec.Constant)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000, "(" * 50_000 + ")" * 50_000, "task a: binary(tower=" + "[" * 3000 + "]" * 3000 + ")", "{" * 50_000,
        "share {" + "(" * 5000 + ")" * 5000 + "}", "share {" + "-" * 100_000 + "1}", "share {x" + ".y" * 50_000 + "}",
        "share {'''" + "x" * 100_000, "share {f'{" * 5000, "'" * 99_999, "#" * 100_000, "task " + "a, " * 5_000 + "a",
        "task a weight " + "9" * 100_000, "task a weight 1e-999999999999", "\0" * 1000, "\ud800 task \udfff", "\r" * 1000 + "x",
        "task " + "a" * 100_000, "x" * 100_000, "task a: " + "b" * 100_000, "share {\ud800}", "share {'\ud800'}\ntask a",
        "task '" + "''" * 50_000, " " * 100_000, "*" * 100_000, "task a: binary" + " weight 1" * 1000, "\ufeff task a", "\u3000task a",
        "task " + "a" * 100_000 + " -x", "task " + "a-" * 50_000, "task a: b(" + "x " * 50_000, "“" * 100_000,
        "\n".join(f"task t{i}: binary given t{i + 1}" for i in range(500)),
        "\n".join(f"share b{i} = mlp from b{i + 1}" for i in range(500)) + "\nshare b500 = mlp\ntask a",
        "\n".join(f"task t{i} from blok{i}\nshare block{i} = mlp" for i in range(100)),
        "task " + ", ".join(f"a{i}" for i in range(500)) + " given " + ", ".join(f"b{i}" for i in range(500)),
    ],
    ids=range(36),
)  # fmt: skip
@pytest.mark.timeout(20)
def test_any_text_gives_a_spec_or_problems(words, text):
    made, problems = examine(text, words)
    str(MtlError(problems, text))
    assert all(len(p.message) < 1000 for p in problems)
    if not problems:
        assert parse(str(made), words) == made


def test_parsing_needs_no_tensorflow_and_no_pandas():
    import subprocess

    code = (
        "import sys; from mtl_magic.language import parse; from mtl_magic.registry import Registry\n"
        "try: parse('task a', Registry())\nexcept Exception: raise\n"
        "print(sorted({'tensorflow', 'keras', 'pandas', 'numpy', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["tune trials=3", "tun trials=3", "zzz"])
def test_a_statement_that_this_version_lacks_is_not_offered(words, text):
    said = str(error_of(f"task a\n{text}", without(words, "tune")))
    assert "did you mean 'tune'" not in said
    assert ", tune" not in said
    assert "tune" in str(error_of("task a\nzzz", words))


@pytest.mark.parametrize(
    ("text", "code", "says", "place"),
    [
        ("early_stop=click.rmse", "MTL303", "the metric 'rmse' does not serve the binary task 'click'", "click.rmse"),
        ("early_stop=click.accuracy", "MTL303", "the task 'click' reports no metric 'accuracy'", "click.accuracy"),
        ("early_stop='a b'.auc", "MTL303", "the task 'a b' reports no metric 'auc'", "'a b'.auc"),
        (
            "early_stop=buy|click.auc",
            "MTL303",
            "this version has none of a conditional such as buy|click",
            "buy|click.auc",
        ),
        ("early_stop=click.acu", "MTL020", "did you mean 'auc'?", "click.acu"),
    ],
)
def test_a_metric_to_watch_that_the_task_does_not_report(text, code, says, place):
    from mtl_magic.vocabulary import vocabulary

    tasks = "task click: binary\ntask buy: binary given click\ntask 'a b': binary(metrics=[logloss])\n"
    error = error_of(f"{tasks}train {text}", vocabulary())
    (problem,) = error.problems
    assert problem.code == code
    assert says in f"{problem.message} {problem.hint}"
    assert problem.line == 4
    assert f"train {text}"[problem.column - 1 : problem.end_column - 1] == place


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        (": binary", "auc"),
        (": binary", "loss"),
        (": binary(metrics=[gauc(user)])", "gauc"),
        (": binary(metrics=accuracy)", "accuracy"),
        (": binary(metrics={mine})", "accuracy"),
        (": binary(metrics=none)", "logloss"),
        ("", "rmse"),
    ],
)
def test_a_metric_to_watch_that_the_task_may_report(kind, metric):
    from mtl_magic.vocabulary import vocabulary

    parse(f"task click{kind}\ntrain early_stop=click.{metric}", vocabulary())
