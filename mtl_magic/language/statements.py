"""The statements, clauses and forms of values: what each is called, how it is written, what it means, an example.

The one definition that the scanner, errors, completion, help, the reference page and the editors read. The words of
the registry are not here; the `split`, `train` and `tune` statements are documented by their declarations there.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mtl_magic.parameters import PerName

if TYPE_CHECKING:
    from mtl_magic.registry import Registry

STATEMENT, CLAUSE, SOURCE, FORM = "statement", "clause", "source", "value"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A word of the grammar. In `form`, `[ ]`, `|` and `…` are notation."""

    word: str
    sort: str
    form: str
    summary: str
    doc: str = ""
    example: str = ""
    once: bool = False  # a clause that stands at most once in a statement


SETTINGS = ("split", "train", "tune")  # the registry declares those that this version has

_STATEMENTS = (
    Entry("feature", STATEMENT, "feature NAME, …[: KIND(…)]", "Declares inputs, and of what kind they are.",
        "Without any feature line every column is an input, of a kind that fits its values, unless it is ignored, a label, or the column of 'split time='. "
        "One feature line closes the list; 'feature *: auto' adds the rest. In a pattern, * stands for any characters, at any place: user_*, *_id, a*b. "
        "Of names that fit one column an exact one decides before a pattern, a longer pattern before a shorter one, of equals the first. "
        "'ignore' lines are weighed with them, and of equals 'ignore' decides: 'feature *: auto' brings no ignored column back, an exact 'feature is_video_author' does beside 'ignore is_*'. "
        "No pattern matches a label, whether by the task's name or by 'label=', and 'feature *' not the column of 'split time='; an exact name takes either. The lines add up.",
        "feature user_id, item_id: category(dim=16)"),
    Entry("ignore", STATEMENT, "ignore NAME, …", "Removes columns from the inputs.",
        "They may still be labels, groups or times. Patterns such as is_* stand for several columns; 'feature' says which line decides. "
        "What the model would not know when it predicts belongs here, such as labels that are no task of the cell. The lines add up.",
        "ignore like, buy"),
    Entry("share", STATEMENT, "share [NAME =] BLOCK(…) [from SOURCE, …]", "Declares a block of layers that tasks and other blocks share.",
        "Without 'from' it draws from all inputs. At most one block has no name. A task without 'from' takes the unnamed block; where there is none, the only block that no block draws from; "
        "with no share line at all, an mlp over all inputs, which is built only where such a task needs it. The block may be {a Keras layer or a function}. The lines add up.",
        "share mmoe(experts=8, units=[128, 64])"),
    Entry("task", STATEMENT, "task NAME, …[: KIND(…)] [from SOURCE, …] [given TASK, … [via METHOD(…)]] [weight W]", "Declares what the model predicts: a head for each name.",
        "The label is the column of the task's name, unless 'label=' names another. Where no kind is written, the label's values decide, and the run says so: two values are binary, "
        "texts of at most 1000 and whole numbers of at most 20 values multiclass, other numbers a regression. The clauses stand in any order. "
        "A row without a label of the task teaches it nothing. The lines add up.",
        "task click, like: binary"),
    Entry("balance", STATEMENT, "balance METHOD(…)", "Says how the tasks' losses become one step.",
        "Without it, 'equal': each loss is divided by that of the best constant predictor. One line at most.",
        "balance uncertainty"),
    *(Entry(word, STATEMENT, f"{word} KEY=VALUE …", "") for word in SETTINGS),
)  # fmt: skip

_CLAUSES = (
    Entry("from", CLAUSE, "from SOURCE, …", "Says what a block or task draws from: blocks, features, inputs or none.",
        "Several sources are concatenated into one tensor of shape (rows, width). A source is the name of a block, a feature or a pattern of features, 'inputs' (all encoded features) or, for a task, 'none' (nothing shared).",
        "share trunk = mlp(units=[128])\nshare social = mlp(units=[64]) from trunk\ntask like: binary from social", once=True),
    Entry("given", CLAUSE, "given TASK, … [via METHOD(…)]", "Says on which tasks a task depends.",
        "Without 'via' the method is esmm between two binary tasks: P(buy) = P(click) · P(buy | click) over all rows; otherwise observed: learn only where the parent is 1. "
        "It may be repeated, with a method for each parent, and a parent may be given another task.",
        "task click: binary\ntask buy: binary given click via esmm"),
    Entry("via", CLAUSE, "via METHOD(…)", "Names the method of a 'given' clause.",
        "It stands behind the tasks that 'given' names.", "task click: binary\ntask buy: binary given click via observed"),
    Entry("weight", CLAUSE, "weight W", "Multiplies a task's loss.",
        "A number of at least 0; 1 where nothing is said. It multiplies the loss that the balancing method reads: with equal and uncertainty the normalised one (over the best constant predictor's), with static the raw one. "
        "All rows of the task count so; within it `sample_weight`, `pos_weight` and `class_weight` of the kind weigh rows and classes. Early stopping weighs the tasks by it too.", "task watch: regression weight 0.5", once=True),
    Entry("allow", CLAUSE, "allow CODE, …", "Silences warnings in this statement.",
        "The codes are those that a warning shows, such as MTL104. It stands at the end of any statement and counts for everything that the statement declares, all of its names. "
        "The table of warnings says which statement silences which; where no line declares what a warning is about, any line does.", "task click: binary allow MTL103, MTL104", once=True),
)  # fmt: skip

_SOURCES = (
    Entry("inputs", SOURCE, "from inputs", "The source of all encoded features: embeddings are shared, no layer is.",
        example="task spam: binary from inputs"),
    Entry("none", SOURCE, "from none", "The source of a task that shares nothing: it has embeddings and layers of its own.",
        example="task spam: binary from none"),
)  # fmt: skip

_FORMS = (
    Entry("number", FORM, "64, 0.5, 1e-3, 4_096", "A number. There is no arithmetic: {4*1024}.", example="train batch=4096 lr=1e-3"),
    Entry("word", FORM, "log, user_id, true, none", "A word or a name: letters, marks, digits and _ of any script, no digit first.",
        "Whether it is a column, a task, a block or an option depends on where it stands. 'true', 'false' and 'none' are constants.", "feature price: number(scale=log)"),
    Entry("text", FORM, "\"a name\", 'a.b'", "A name or text with other characters, in quotes of either kind.",
        "A quote inside is written twice. Quotes change nothing else, except that a quoted * is an ordinary character.", 'task "my label": binary'),
    Entry("call", FORM, "WORD(VALUE, OPTION=VALUE, …)", "A word with options.",
        "Values without a name fill the options in their order.", "share mmoe(8, units=[128, 64])"),
    Entry("list", FORM, "[128, 64]", "A list. One value alone stands for a list of one.", example="share mlp(units=[128, 64])"),
    Entry("per name", FORM, "[buy=4, price=2]", "A value for each name."),  # shown once an option takes it
    Entry("metric", FORM, "click.auc, 'my label'.auc", "A metric of a task, or its loss: click.loss. A metric's options are left out.", example="task 'my label': binary\ntrain early_stop='my label'.auc"),
    Entry("choose", FORM, "choose(VALUE, …)", "A search space: one of these values.", "It stands wherever a value, method or block may; a 'tune' line says how it is searched."),
    Entry("range", FORM, "range(LOW, HIGH[, log])", "A search space: a number between two, both included.", "It is whole where both ends are; with 'log' it is searched on a log scale."),
    Entry("python", FORM, "{expression}", "Python, evaluated once in the notebook's namespace when the cell runs.",
        "It stands wherever a value may, for a block and for a loss; 'Python in braces' says what each place takes. It ends at its matching brace. "
        "No value can change how the cell is read.", "share {my_layer}"),
)  # fmt: skip

# what a place of a cell takes in braces: the place, what may stand there, what becomes of it
BRACES = (
    ("a value of an option, `weight {w}`, `units={widths}`", "what the option takes: a number, a text, a list, a dict",
        "It is checked as a written value is."),
    ("`share {…}`", "a Keras layer (built or not, not its class), a Keras model, or a function of a tensor",
        ("It is called once, on all sources of the block as one float tensor (rows, width), and gives one tensor (rows, width) that every task and block that draws from it reads. "
        "Of a layer a copy is trained: yours stays as it is, and each run begins anew. A layer that has weights already gives them to the copy, so a trained one starts trained. "
        "To be saved, a class of your own needs `@keras.saving.register_keras_serializable()` and a `get_config` that returns its arguments; a Lambda layer is refused. "
        "A function is written with Keras layers and `keras.ops`; the layers that it makes are new in each run, those that it only uses are yours and go on from their weights.")),
    ("`loss={…}` of a task", "a Keras loss, or a function of `y_true` and `y_pred`",
        ("Both are float32 of shape (rows, 1), of a multiclass task `y_pred` (rows, classes) and `y_true` the class's number. `y_pred` is the prediction, not the logit: probabilities, and of a regression the value in the label's unit, "
        "so that such a loss is not standardised as mse is. It gives a loss a row, (rows,) or (rows, 1), or one for the batch. Rows without a label are left out. "
        "Where losses are normalised, the loss of the best constant is that of the head's start: the positives' rate, the classes' frequencies, the mean.")),
    ("`sample_weight={…}` of a task", "a function of the table",
        ("It is called with a pandas DataFrame of all columns, of files with some rows at a time, and gives a number of at least 0 a row; what is missing is 0. "
        "It is called again for a validation or test table, and not to predict.")),
    ("`balance {…}`", "a function of `losses`, or of `gramian` and perhaps `losses`; it may take `active` too",
        ("Losses are float32 (K,), over the best constants' and times the tasks' weights; the Gramian is G = J Jᵀ float64 (K, K) of their gradients at the shared representation; `active` (K,) says which tasks have a label (and a gradient) in this batch. "
        "It gives the weights (K,), of TensorFlow operations, and is part of the compiled step. Weights of losses are taken as they are, those of a Gramian brought to the sum of the number of active tasks.")),
    ("`optimizer={…}` of `train`", "a Keras optimizer",
        "Trains the dense part, as a copy whose learning rate is that of `train`; its weight decay and clipping stay: `{keras.optimizers.AdamW(weight_decay=1e-4, clipnorm=1.0)}`."),
)  # fmt: skip

STATEMENTS: dict[str, Entry] = {e.word: e for e in _STATEMENTS}
CLAUSES: dict[str, Entry] = {e.word: e for e in _CLAUSES}
SOURCES: dict[str, Entry] = {e.word: e for e in _SOURCES}
FORMS: dict[str, Entry] = {e.word: e for e in _FORMS}
SEARCHES = ("choose", "range")


def statements(registry: Registry) -> dict[str, Entry]:
    """The statements of this version; what the settings' entries say is their declarations'.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> statements(vocabulary())["split"].summary
        'How the rows are divided into training, validation and test parts.'
    """
    found = {}
    for word, entry in STATEMENTS.items():
        declaration = registry.find("settings", word)
        if declaration is not None:
            entry = dataclasses.replace(  # noqa: PLW2901
                entry, summary=declaration.summary(), doc=declaration.details(), example=declaration.example
            )
        if declaration is not None or word not in SETTINGS:
            found[word] = entry
    return found


def searches(registry: Registry) -> bool:
    """Whether this version searches: without a `tune` statement, choose(…) and range(…) are refused."""
    return registry.find("settings", "tune") is not None


def entries(registry: Registry) -> list[Entry]:
    """Everything that this version knows and that is no word of the registry."""
    hidden = () if searches(registry) else SEARCHES
    if not any(isinstance(p.type, PerName) for declaration in registry for p in declaration.params()):
        hidden = (*hidden, "per name")
    forms = [f for f in FORMS.values() if f.word not in hidden]
    return [*statements(registry).values(), *CLAUSES.values(), *SOURCES.values(), *forms]
