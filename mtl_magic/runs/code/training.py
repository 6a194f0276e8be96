"""Losses, `parts()` and `train()`: the objective of the cell, given to `Model.fit`."""

from __future__ import annotations

import inspect
import itertools
import math
from typing import TYPE_CHECKING, Any

import keras

from mtl_magic.runs.code.answers import weighed
from mtl_magic.runs.code.functions import labels, lists, losses, risks, splitting, training
from mtl_magic.runs.code.text import Raw, assign, call, quoted, rounded, show
from mtl_magic.runs.code.writers import BalanceText, writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_magic.runs.code.plan import Plan
    from mtl_magic.runs.code.relations import TermText

SCHEDULES = {"constant": training.Constant, "cosine": training.Cosine, "linear": training.Linear}


class Objective:
    """What a script's training minimises, and how."""

    def __init__(self, plan: Plan, terms: Mapping[str, TermText] | None = None) -> None:
        self.plan, self.terms = plan, terms or {}
        self.settings = plan.program.train
        method = plan.program.balance
        self.balance: BalanceText = writer("balance", method.word)(method, plan.functions)
        plan.notes.extend(self.balance.notes)
        self.tasks = plan.schema.tasks
        self.inside = len(self.tasks) < len(plan.run.outputs) or bool(self.terms)  # outputs have no loss of their own

    def constants(self) -> list[str]:
        from mtl_magic.train.fit import learning_rate

        rows = int(self.plan.run.facts.get("rows", {}).get("train", 0))
        _, peak = learning_rate(self.settings)
        return [
            f"SEED = {self.settings.seed}",
            f"EPOCHS = {self.settings.epochs}",
            f"BATCH = {self.settings.step_rows(rows)}",
            f"LEARNING_RATE = {peak!r}",
            f"WARMUP = {self.settings.warmup}  # steps; a tenth of the training at most",
        ]

    def losses(self) -> list[str]:
        """The losses, and their weights."""
        found, weights, factors = {}, {}, {}
        for task in self.tasks:
            found[task.key] = self._loss(task)
            weight = self.plan.program.task(task.name).weight
            constant = f"{weight:g} / {self._constant(task)!r}"
            weights[task.key] = Raw(constant if self.balance.normalised else f"{float(weight)!r}")
            factors[task.key] = 1.0 if task.kind.likelihood else 0.5
        why = "over the loss of the best constant prediction" if self.balance.normalised else "as they are"
        lines = [
            "# task -> the loss of a row, from its label and its logits",
            *assign("LOSSES", found, 0),
            "",
            f"# task -> its weight, {why}",
            *assign("LOSS_WEIGHTS", weights, 0),
        ]
        if self.balance.model is not None:
            lines += ["", "# task -> 1 of a class, 1/2 of a number", *assign("FACTORS", factors, 0)]
        elif self._static_score():
            constants = {t.key: self._constant(t) for t in self.tasks}
            lines += ["", "# task -> the loss of the best constant prediction", *assign("CONSTANTS", constants, 0)]
        return lines

    @staticmethod
    def _constant(task: Any) -> float:
        """The best constant's loss; 1 of a network that no training has told it."""
        return rounded(task.constant_loss) if math.isfinite(task.constant_loss) else 1.0

    def _loss(self, task: Any) -> Any:
        parts = [(float(getattr(loss, "weight", 1.0)), self._one(task, loss)) for loss in self._losses(task)]
        if len(parts) == 1 and parts[0][0] == 1:
            return parts[0][1]
        return call(self.plan.functions.use(losses.added), *parts)

    def _losses(self, task: Any) -> tuple[Any, ...]:
        """As the cell has them: of the schema that was read again, what stood in braces is gone."""
        plan = self.plan.program.task(task.name)
        kind: Any = plan.kind or task.kind
        return tuple(kind.losses())

    def _one(self, task: Any, loss: Any) -> Any:
        use = self.plan.functions.use
        if not getattr(loss, "word", ""):
            name = getattr(loss, "__name__", type(loss).__name__)
            self.plan.notes.append(
                f"The loss of {task.name} is your own, {name}: `LOSSES` names the kind's usual one in its place."
            )
            loss = type(task.kind)(**({"group": task.kind.group} if task.kind.word == "ranking" else {})).loss_of()
        made = writer("loss", loss.word)(loss, self.plan.functions, task)
        return call(use(lists.of_rows), made) if task.kind.lists and not loss.of_lists else made

    def _static_score(self) -> bool:
        return not self.balance.normalised and len(self.tasks) > 1 and not isinstance(self.settings.early_stop, str)

    # -----------------------------------------------------------------------------------------------------------------
    # Which rows train

    @property
    def splits(self) -> bool:
        split = self.plan.program.split
        return bool(split.valid or split.test)

    def parts(self) -> list[str]:
        """`parts()`; nothing where the cell divides no rows."""
        split = self.plan.program.split
        if not self.splits:
            return []
        use = self.plan.functions.use
        shares = {"valid": split.valid or 0, "test": split.test or 0}
        lines: list[str] = []
        if split.time:
            column = Raw(f"frame[{quoted(split.time)}]")
            times: Any = call(use(splitting.moments), column)
            if split.group:
                times = call(use(splitting.latest_of_group), times, Raw(f"frame[{quoted(split.group)}]"))
            begun = {
                name: call(use(splitting.moment), value, column) if isinstance(value, str) or value >= 1 else value
                for name, value in shares.items()
            }
            made = call(use(splitting.by_time), times, **begun)
        elif split.group:
            groups = Raw(f"frame[{quoted(split.group)}]")
            made = call(use(splitting.by_group), groups, **shares, seed=split.seed)
        elif split.stratify:
            key = quoted(self.plan.schema.task(split.stratify).key)
            made = call(use(splitting.stratified), Raw(f"labels(frame)[{key}]"), **shares, seed=split.seed)
        else:
            made = call(use(splitting.at_random), Raw("len(frame)"), **shares, seed=split.seed)
        return [
            "def parts(frame: pd.DataFrame) -> np.ndarray:",
            '    """Of each row whether it trains (0), validates (1) or tests (2)."""',
            *lines,
            f"    return {show(made, 1, 7)}",
        ]

    # -----------------------------------------------------------------------------------------------------------------
    # Training

    def train(self) -> list[str]:
        lines = [
            "def train(frame: pd.DataFrame, valid: pd.DataFrame | None = None) -> keras.Model:",
            f'    """Train a new network{self._said()}."""',
        ]
        if self.plan.program.split.valid:
            lines += [
                "    part = parts(frame)",
                "    if valid is None:",
                "        valid, frame = frame[part == 1], frame[part == 0]",
                "    else:",
                "        frame = frame[part != 2]",
            ]
        elif self.splits:
            lines.append("    frame = frame[parts(frame) == 0]")
        lines += ["    model = build()", *self._network(), *self._rate()]
        lines += assign("objective", self._objective())
        for task in self.tasks:
            own = self._own(task)
            if own is not None and task.key not in self.terms:
                lines += assign(f"objective[{quoted(task.key)}]", own)
        for key, term in self.terms.items():
            made = call(self.plan.functions.use(risks.of_labelled_with), Raw(f"LOSSES[{quoted(key)}]"), term.function)
            lines += assign(f"objective[{quoted(key)}]", made)
        network: Any = "network" if self.inside else "model"
        loss: Any = Raw("objective")
        options: dict[str, Any] = {"loss": loss, "loss_weights": Raw("LOSS_WEIGHTS")}
        if self.balance.model is not None:
            made, _ = self.balance.model(network)
            lines += assign("trainer", made)
            network, options = "trainer", {}
        lines += self._optimizer()
        lines.append(f"    {show(call(f'{network}.compile', Raw('optimizer'), **options), 1)}")
        lines += self._stop()
        rows: list[Any] = [Raw("encode(frame)"), Raw("targets(frame)")]
        if self.plan.schema.lists:
            column = Raw(f"frame[{quoted(self.plan.schema.lists)}]")
            numbers = call(self.plan.functions.use(labels.list_numbers), column)
            made = call(self.plan.functions.use(lists.ListBatches), *rows, numbers, Raw("BATCH"), Raw("SEED"))
            lines += assign("batches", made)
            rows = [Raw("batches")]
        fit = call(
            f"{network}.fit",
            *rows,
            **({} if self.plan.schema.lists else {"batch_size": Raw("BATCH")}),
            epochs=Raw("EPOCHS"),
            validation_data=Raw("validation"),
            validation_batch_size=8192,
            callbacks=Raw("callbacks"),
            verbose=2,
        )
        return [*lines, *f"    {show(fit, 1)}".split("\n"), "    return model"]

    def _said(self) -> str:
        if self.settings.early_stop is None or self.settings.early_stop is False:
            return "; the last epoch is kept"
        return " and keep the epoch that was best on the validation rows"

    def _network(self) -> list[str]:
        if not self.inside:
            return []
        return [
            "    tasks = {task: model.output[task] for task in LOSSES}",
            *itertools.chain.from_iterable(_beside(key, term) for key, term in self.terms.items()),
            "    network = keras.Model(model.input, tasks)",
        ]

    def _rate(self) -> list[str]:
        from mtl_magic.parts import has_schedule

        if self.settings.lr is None and has_schedule(self.settings.optimizer):
            self.plan.notes.append("The optimizer's own schedule of learning rates is replaced by a constant.")
        schedule = SCHEDULES[self.settings.schedule]
        options = {"steps": Raw("steps")} if self.settings.schedule != "constant" else {}
        made = call(self.plan.functions.use(schedule), Raw("LEARNING_RATE"), Raw("rise"), **options)
        return [
            "    steps = EPOCHS * -(-len(frame) // BATCH)",
            "    rise = max(min(WARMUP, steps // 10), 1)",
            *assign("rate", made),
        ]

    def _objective(self) -> Any:
        return Raw(f"{{task: {self.plan.functions.use(losses.of_labelled)}(loss) for task, loss in LOSSES.items()}}")

    def _own(self, task: Any) -> Any:
        """The mean loss of a task whose rows weigh, or are compared, or have several classes; None: of any other."""
        use, loss = self.plan.functions.use, Raw(f"LOSSES[{quoted(task.key)}]")
        if not task.exclusive:
            return call(use(losses.of_classes), loss, [rounded(w) for w in task.kind.weights(task)])
        if task.kind.lists:
            return call(use(lists.of_listed), loss)
        return call(use(losses.of_weighted), loss) if weighed(task) else None

    def _optimizer(self) -> list[str]:
        settings = self.settings
        options: dict[str, Any] = {}
        if settings.weight_decay:
            options["weight_decay"] = settings.weight_decay
        if settings.clip:
            options["global_clipnorm"] = settings.clip
        asked = settings.optimizer
        words = {"adam": "Adam", "sgd": "SGD", "adagrad": "Adagrad"}
        if isinstance(asked, str):
            name = words[asked]
        else:
            name, options = type(asked).__name__, {**_options(asked), **options}
            if getattr(keras.optimizers, name, None) is not type(asked):
                self.plan.notes.append(f"The optimizer {name} is your own: define or import it above.")
                return assign("optimizer", call(name, Raw("rate"), **options))
        lines = assign("optimizer", call(f"keras.optimizers.{name}", Raw("rate"), **options))
        if settings.weight_decay:
            lines.append('    optimizer.exclude_from_weight_decay(var_names=["bias"])')
        return lines

    def _stop(self) -> list[str]:
        asked = self.settings.early_stop
        lines = []
        has = self.plan.program.split.valid
        made = "(encode(valid), targets(valid))"
        lines.append(f"    validation = {made if has else f'None if valid is None else {made}'}")
        if asked is None or asked is False:
            return [*lines, "    callbacks = []"]
        monitor, options = "val_loss", dict[str, Any]()
        score: list[str] | None = None
        if isinstance(asked, str):
            monitor, options, score = self._watched(asked)
        elif self._static_score():
            monitor, options = "val_score", {"mode": "min"}
            score = ['        return sum(logs[f"val_{t}_loss"] / c for t, c in CONSTANTS.items())']
        patience = 3 if asked is True or isinstance(asked, str) else int(asked)
        stop = call("keras.callbacks.EarlyStopping", monitor, patience=patience, **options, restore_best_weights=True)
        callbacks: list[Any] = [stop]
        if score is not None:
            callbacks.insert(0, call(self.plan.functions.use(training.Watch), Raw("score")))
            lines += ["", "    def score(logs: dict[str, float]) -> float:", *score, ""]
        lines += assign("callbacks", callbacks)
        if not has:
            lines[-1:] = [*lines[-1:], "    callbacks = [] if valid is None else callbacks"]
        return lines

    def _watched(self, asked: str) -> tuple[str, dict[str, Any], list[str] | None]:
        """What early stopping watches: the name in the logs, options, and lines of what computes it."""
        name, _, metric = asked.rpartition(".")
        task = self.plan.schema.task(name)
        if metric == "loss":
            several = len(self.tasks) > 1 and self.balance.model is None
            return (f"val_{task.key}_loss" if several else "val_loss"), {"mode": "min"}, None
        kinds = {m.title: m for m in task.kind.metrics_of()}
        score = [
            '        found = evaluate(valid, model).set_index(["task", "metric"])["value"]',
            f"        return found[{quoted(name)}, {quoted(metric)}]",
        ]
        return "val_score", {"mode": "max" if kinds[metric].higher_is_better else "min"}, score


def _beside(key: str, term: TermText) -> list[str]:
    """Statements that put all that the loss of a task with a term reads side by side."""
    beside = [Raw(f"model.output[{quoted(name)}]") for name in (key, term.own, *term.parents, *term.further)]
    joined = show(call("layers.Concatenate", name=f"{key}_beside"))
    return assign(f"tasks[{quoted(key)}]", call(joined, beside))


def _options(optimizer: Any) -> dict[str, Any]:
    """What a Keras optimizer was told besides its learning rate."""
    config = optimizer.get_config()
    usual = inspect.signature(type(optimizer).__init__).parameters
    return {
        k: v
        for k, v in config.items()
        if k in usual and k not in ("learning_rate", "name") and v != usual[k].default and not isinstance(v, dict)
    }


def _of_rows(plan: Plan) -> list[str]:
    """On which rows it trains."""
    from mtl_magic.data.negatives import share
    from mtl_magic.numbers import short

    found, tables = list[str](), plan.run.facts.get("tables") or ()
    if tables:
        names = ", ".join(str(table["name"]) for table in tables)
        found.append(
            f"The run learnt from several tables ({names}). Here they are one frame, `pd.concat([...])`, which has every "
            "column that one of them has, empty where a table lacks it."
        )
        if plan.program.train.mix:
            found.append("Its batches are drawn from all rows, not mixed by `mix=`.")
    for task in plan.schema.tasks:
        if share(task.kind) < 1:
            left = f"{short(100 * share(task.kind))}% of the negatives of {task.name}"
            found.append(
                f"The run learnt from {left}, this training takes all of them; both predict the rate of all rows."
            )
    return found


def notes(plan: Plan) -> list[str]:
    """Sentences on what the script's training does in another way than the run's."""
    from mtl_magic.train.fit import table_optimizer

    settings, found = plan.program.train, list[str]()
    if settings.average is not None:
        found.append("The run keeps an average of the last steps' weights, which this script does not make.")
    if plan.rows and settings.tables != "dense_adam":
        found.append("The run moves only those rows of an embedding that a batch reads, here the optimizer moves all.")
    if settings.tables and settings.tables not in (table_optimizer(settings.optimizer), "dense_adam"):
        found.append(f"One optimizer moves embeddings too, in place of `tables={settings.tables}`.")
    if settings.precision != "float32":
        found.append(f"It computes in float32, in place of `precision={settings.precision}`.")
    if settings.callbacks:
        found.append("Callbacks of your own are left out.")
    found += _of_rows(plan)
    if settings.warm_start is not None:
        found.append("It does not begin with the weights of `warm_start`.")
    return found
