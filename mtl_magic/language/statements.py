"""The statements, clauses and forms of values: what each is called, how it is written, what it means, an example.

The one definition that the scanner, errors, completion, help, the reference page and the editors read. The words of
the registry are not here; the `split`, `train` and `tune` statements are documented by their declarations there.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

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
        "One feature line closes the list; 'feature *: auto' adds the rest. Patterns such as user_* never match labels; an exact name beats a pattern, a longer pattern a shorter one. "
        "The lines add up.",
        "feature user_id, item_id: category(dim=16)"),
    Entry("ignore", STATEMENT, "ignore NAME, …", "Removes columns from the inputs.",
        "They may still be labels, groups or times. Patterns such as is_* stand for several columns. Columns that the model would not know when it predicts, such as other labels, belong here. "
        "The lines add up.",
        "ignore like, buy"),
    Entry("share", STATEMENT, "share [NAME =] BLOCK(…) [from SOURCE, …]", "Declares a block of layers that tasks and other blocks share.",
        "Without 'from' it draws from all inputs. At most one block has no name. A task without 'from' takes the unnamed block; where there is none, the only block that no block draws from; "
        "with no share line at all, an mlp. The block may be {a Keras layer or a function}. The lines add up.",
        "share mmoe(experts=8, units=[128, 64])"),
    Entry("task", STATEMENT, "task NAME, …[: KIND(…)] [from SOURCE, …] [given TASK, … [via METHOD(…)]] [weight W]", "Declares what the model predicts: a head for each name.",
        "The label is the column of the task's name, unless 'label=' names another. Where no kind is written, the label's values decide, and the run says so. The clauses stand in any order. "
        "A row without a label of the task teaches it nothing. The lines add up.",
        "task click, like: binary"),
    Entry("balance", STATEMENT, "balance METHOD(…)", "Says how the tasks' losses become one step.",
        "Without it, 'equal': each loss is divided by that of the best constant predictor. One line at most.",
        "balance uncertainty"),
    *(Entry(word, STATEMENT, f"{word} KEY=VALUE …", "") for word in SETTINGS),
)  # fmt: skip

_CLAUSES = (
    Entry("from", CLAUSE, "from SOURCE, …", "Says what a block or task draws from: blocks, features, inputs or none.",
        "Several sources are concatenated. A source is the name of a block, a feature or a pattern of features, 'inputs' (all encoded features) or, for a task, 'none' (nothing shared).",
        "share trunk = mlp(units=[128])\nshare social = mlp(units=[64]) from trunk\ntask like: binary from social", once=True),
    Entry("given", CLAUSE, "given TASK, … [via METHOD(…)]", "Says on which tasks a task depends.",
        "Without 'via' the method is esmm between two binary tasks: P(buy) = P(click) · P(buy | click) over all rows; otherwise observed: learn only where the parent is 1. "
        "It may be repeated, with a method for each parent.",
        "task click: binary\ntask buy: binary given click via esmm"),
    Entry("via", CLAUSE, "via METHOD(…)", "Names the method of a 'given' clause.",
        "It stands behind the tasks that 'given' names.", "task click: binary\ntask buy: binary given click via observed"),
    Entry("weight", CLAUSE, "weight W", "Multiplies a task's loss.",
        "A number of at least 0; 1 where nothing is said. It multiplies the normalised loss before the tasks are balanced.", "task watch: regression weight 0.5", once=True),
    Entry("allow", CLAUSE, "allow CODE, …", "Silences warnings in this statement.",
        "The codes are those that a warning shows, such as MTL104. It stands at the end of any statement.", "task click: binary allow MTL104", once=True),
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
    Entry("per name", FORM, "[buy=4, price=2]", "A value for each name."),
    Entry("metric", FORM, "click.auc, buy|click.auc", "A metric of a task, or of a task given its parent.", example="task click: binary\ntrain early_stop=click.auc"),
    Entry("choose", FORM, "choose(VALUE, …)", "A search space: one of these values.", "It stands wherever a value, method or block may; a 'tune' line says how it is searched."),
    Entry("range", FORM, "range(LOW, HIGH[, log])", "A search space: a number between two, both included.", "It is whole where both ends are; with 'log' it is searched on a log scale."),
    Entry("python", FORM, "{expression}", "Python, evaluated once in the notebook's namespace when the cell runs.",
        "It stands wherever a value may, and for a block or balancing method: a variable, a layer, a loss, a metric or an optimizer of your own. It ends at its matching brace. "
        "No value can change how the cell is read.", "share {my_layer}"),
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
    forms = [f for f in FORMS.values() if f.word not in SEARCHES or searches(registry)]
    return [*statements(registry).values(), *CLAUSES.values(), *SOURCES.values(), *forms]
