"""The catalogue: every mistake and warning that a person can meet, by its stable code.

A code never changes its meaning and is never used again. `MTL0xx` are mistakes in the text of a cell, `MTL1xx` warnings
(`allow CODE` silences them), `MTL2xx` mistakes that only the data shows, `MTL3xx` of training, `MTL4xx` of the magic.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Code:
    """A kind of mistake: a title of a few words and one to three sentences of documentation."""

    title: str
    doc: str
    shown: str = ""  # of a warning: the statement under which it stands
    silenced: str = ""  # of a warning: the statements whose `allow` silences it; '': the one at which it is shown


LANGUAGE = {
    "MTL001": Code("unexpected text", "A statement cannot go on as it is written. The message says what may stand at the caret."),
    "MTL002": Code("no statement", "Every line begins with the word that says what it declares: feature, ignore, share, task, balance, split, train or tune. A statement goes on to the next line only inside brackets."),
    "MTL003": Code("bracket never closed", "A bracket is open at the end of the cell, or where a line at the margin begins a new statement."),
    "MTL004": Code("bracket without its partner", "A closing bracket has no opening one, or not the one of its kind."),
    "MTL005": Code("quote never closed", "A quoted name or text ends on the line on which it begins, with the quote with which it begins. A quote inside is written twice."),
    "MTL006": Code("brace never closed", "Python code in braces ends at its matching brace, by Python's own strings and comments."),
    "MTL007": Code("full-width punctuation", "The language's punctuation is ASCII: an input method wrote the full-width form of a character. Inside quotes any character may stand."),
    "MTL008": Code("unreadable number", "A number is written with digits, at most one point and an exponent, as in 64, 0.5 or 1e-3. A name does not begin with a digit, and a text with a unit is quoted."),
    "MTL009": Code("wrong Python in braces", "What stands in braces must be one Python expression. It is read, not run, when the cell is checked."),
    "MTL010": Code("nested too deeply", "Brackets may stand within brackets, twenty deep."),
    "MTL011": Code("clause said twice", "'from', 'weight' and 'allow' stand once in a statement, with everything they name; 'given' may be repeated."),
    "MTL012": Code("character without a meaning", "A character that is not part of the language stands outside quotes, often one that cannot be seen. Names with such characters are quoted."),
    "MTL013": Code("wrong use of choose or range", "choose(…) takes the values to choose from, range(low, high) or range(low, high, log) two numbers, the lower first, above 0 with log."),
    "MTL014": Code("no task", "A cell declares at least one task: what the model predicts."),
    "MTL020": Code("unknown word", "No feature kind, block, task kind, dependency, balancing method, loss or metric has this name. `%mtl help` lists them."),
    "MTL021": Code("unknown source", "A task or block comes from something that is neither a block of a share statement nor a feature."),
    "MTL022": Code("task declared twice", "Each task has a name of its own. Two heads on one column are two names with `label=`."),
    "MTL023": Code("block declared twice", "Each block has a name of its own, and at most one has none."),
    "MTL024": Code("feature declared twice", "An exact name stands in one feature line. One column can be two features through `column=`."),
    "MTL025": Code("reserved name", "'inputs' and 'none' are sources of their own and cannot name a block; a name is not empty."),
    "MTL026": Code("circle of blocks", "Blocks draw from one another in one direction: none can, through others, draw from itself."),
    "MTL027": Code("block that nothing draws from", "A shared block that no task and no other block takes would be built for nothing, or a 'from' is missing."),
    "MTL028": Code("source is ambiguous", "A task without 'from' takes the unnamed block, else the only block that no block draws from. With several of them it must say which."),
    "MTL029": Code("unknown parent task", "'given' names a task of the same cell, other than the task itself, once."),
    "MTL030": Code("circle of dependencies", "Tasks depend on one another in one direction: none can, through others, depend on itself."),
    "MTL031": Code("no dependency fits", "No 'given' method fits the two tasks, or the one that was named does not, by itself or beside another of the task."),
    "MTL032": Code("name of two things", "A source names a block and a feature at once."),
    "MTL033": Code("one name needed", "An option that belongs to one column stands in a line with several names."),
    "MTL034": Code("sources that exclude each other", "'none' means that nothing is shared: it stands alone."),
    "MTL040": Code("unknown option", "The word has no parameter, or the statement no key, of this name. `%mtl help WORD` lists them."),
    "MTL041": Code("wrong value", "A value is not of the kind, or not in the bounds, that its parameter takes."),
    "MTL042": Code("missing option", "A parameter without a default was not given."),
    "MTL043": Code("too many values", "More values stand in the brackets than the word has parameters."),
    "MTL044": Code("option given twice", "A parameter of a word, a key of a statement (over all its lines) or a name of a list is given once."),
    "MTL045": Code("options that do not fit together", "Each option is right by itself; together they break a rule that the message states."),
    "MTL046": Code("search space without tune", "choose(…) and range(…) are search spaces; a 'tune' line says how they are searched."),
    "MTL047": Code("balance said twice", "One method balances the tasks: one balance line."),
    "MTL048": Code("unknown name in an option", "An option names a task or feature that the cell does not declare."),
    "MTL049": Code("tune without a search space", "A 'tune' line says how choose(…) and range(…) are searched, and the cell has none."),
    "MTL050": Code("no Python here", "A value in braces is evaluated in the notebook's namespace; here there is none, or the place takes no Python."),
    "MTL051": Code("Python in braces failed", "The expression in braces raised an exception when it was evaluated."),
    "MTL052": Code("code that cannot be allowed", "'allow' silences warnings, whose codes begin with MTL1."),
    "MTL053": Code("no search space here", "What decides which rows are compared, or by what, is the same in all trials: 'split', 'tune', and the label, mask, sample weight, group and metrics of a task have no search spaces."),
}  # fmt: skip

WARNINGS: dict[str, Code] = {
    "MTL101": Code("identifier as a number", "A number feature's name says that it is an identifier, or it numbers the rows. The order and distance of such values mean nothing; as a category each has an embedding of its own.",
        "the `feature` line that makes it one, if any", "that line; without one, any line"),
    "MTL102": Code("losses of different scale", "The balancing method adds raw losses, and at the best constant predictions one is a hundred times another or more, weights counted: the small one will hardly be learnt.",
        "`balance`", "`balance`, or the `task` line of either"),
    "MTL103": Code("label too rare for the batches", "Most batches are expected to hold no positive (or no negative) of a binary task, and teach it only to say no. A larger batch helps.",
        "the `task` line"),
    "MTL104": Code("leak", "A feature is, or nearly is, a function of a label: the model would learn to read the answer. Measured on held-out training rows, for one feature and one task at a time.",
        "the `feature` line that makes it one, else the `task` line", "either of the two"),
    "MTL105": Code("child without its parent", "A task is positive in rows in which the task that it is given is 0. ESMM's product of probabilities cannot fit such rows, and 'observed' does not learn from them.",
        "the child's `task` line, at `given`"),
    "MTL106": Code("rows of one part in another", "Validation or test rows are exact copies of training rows, in every column: their metrics reward remembering.",
        "`split`, at the part; without such a line at none; for a table, at its flag", "that `split` line; without one, or for a table, any line"),
    "MTL107": Code("validation earlier than training", "A validation or test table has rows from before the end of the training rows, by the column of 'split time=': it does not measure what a model does on days to come.",
        "`split`, at `time`"),
}  # fmt: skip

DATA: dict[str, Code] = {
    "MTL201": Code("unknown column", "A feature, a label, the split or a metric names a column that the data does not have. An `ignore` line does too: a slip there would let a label leak."),
    "MTL202": Code("empty table", "A table has no rows."),
    "MTL203": Code("constant label", "Every labelled row, or every labelled training row, has the same label: there is nothing to learn."),
    "MTL204": Code("label of the wrong type", "The label's values do not fit the task's kind: text for a regression, more than two values for a binary task, a rank outside of 0 to n − 1 for an ordinal one, numbers below 0 or with a fraction for a count, dates for any."),
    "MTL205": Code("no label", "No row, or no training row, has a label for the task. A row may lack it; all of them may not."),
    "MTL206": Code("table without a column", "A validation or test table, or a table to predict, lacks a column that training has used."),
    "MTL207": Code("no feature", "Every column is ignored, a label, or has nothing to learn from."),
    "MTL208": Code("feature of the wrong type", "The column's values do not fit the feature's kind, or are of another type than in training."),
    "MTL209": Code("kind cannot be inferred", "The column fits no kind that would be chosen for it. Name one, or make another column of it first."),
    "MTL210": Code("unknown class", "A label has a class that the training data does not have."),
    "MTL211": Code("split cannot be made", "A part would have no rows, or the split's settings exclude each other."),
    "MTL212": Code("not a table", "What was given is no table, or one whose columns have no text names, share a name, differ in length or hold what no column can."),
    "MTL213": Code("file cannot be read", "A path or glob matches no file, or a file is neither Parquet nor CSV, or broken."),
    "MTL214": Code("wildcard without a match", "A name with '*' matches no column. A quoted '*' is an ordinary character."),
    "MTL215": Code("tables that do not fit together", "A column is of types in two tables that have nothing in common."),
    "MTL216": Code("test part is the validation part", "--valid and --test are the same rows. Validation chooses the epoch that is kept, so metrics on its rows flatter; a test needs rows of its own."),
    "MTL217": Code("no room for the encoded rows", "A table that does not fit in memory is encoded to files, and the folder for temporary files has no room for them, or for a copy of a CSV file or `tf.data` pipeline. TMPDIR names another place."),
    "MTL218": Code("block over features alone", "A block with embeddings of each taker's own, as `stem`, draws from features or `inputs`, and from no block."),
    "MTL219": Code("table that teaches nothing", "Each of several tables teaches the tasks whose label columns it has, with the rows that train; one without such rows is no training table."),
    "MTL220": Code("wrong mix of tables", "`train mix=` gives each of several tables its part of a batch, by the name of the variable, file or key."),
    "MTL221": Code("mask or weight that cannot be used", "A task's mask or sample weight holds text or lists, a weight is below 0 or all are 0, or the function in braces that gives them fails."),
    "MTL222": Code("negatives that a dependency counts", "`binary(negatives=)` leaves out a share of a task's negatives, and `escm2_ips` and `escm2_dr` estimate a risk over all rows, those negatives too."),
}  # fmt: skip

TRAINING: dict[str, Code] = {
    "MTL301": Code("loss is not finite", "The loss of a task became NaN or infinite: mostly a learning rate that is too high, or a loss or block of one's own that divides by 0."),
    "MTL302": Code("block cannot be built", "A layer or function in braces fails on its sources, gives no tensor of shape (rows, width), or could not be saved with the model."),
    "MTL304": Code("loss fails", "A loss in braces raises an exception, or gives something other than a number for each row."),
    "MTL320": Code("too few devices", "`train devices=` asks for more devices than TensorFlow sees. A machine without a GPU has one: its CPU."),
    "MTL305": Code("nothing to learn", "Every task, block and embedding is frozen."),
    "MTL324": Code("devices of several processes", "`train devices=` counts the devices of one process; a worker of several uses all GPUs that it sees."),
    "MTL321": Code("workers with different data", "The workers of a training have not read the same rows. Each reads all of the data and takes its share of every batch."),
    "MTL322": Code("damaged checkpoint", "A checkpoint cannot be read as what it should be."),
    "MTL323": Code("checkpoint of another training", "A checkpoint was made by another text or with other data; a training goes on with what it began with. Weights of tasks and some options of `train` may change, which the message lists."),
    "MTL330": Code("XLA cannot compile the step", "`train jit=true` asks for XLA, which compiles the step of one device and does not know what a layer, function or loss in braces uses."),
    "MTL306": Code("no run to start from", "`warm_start` names a run of this notebook, the folder of a saved one in quotes, or holds one in braces."),
    "MTL307": Code("callback cannot be used", "A Keras callback needs something that a training here does not have, or a package that is not installed. The message says what, the hint what to use."),
    "MTL308": Code("callback fails", "A callback of `train callbacks=` raised an exception; `%tb` shows where."),
    "MTL309": Code("balancing rule fails", "The function of `balance {…}` raises an exception, or gives something other than a weight for each task."),
    "MTL310": Code("method not for slices", "`train accumulate=` computes a step in slices, and this method, or where it compares gradients, needs all rows at once."),
    "MTL311": Code("method of several processes", "The balancing method is that of the cell while several processes train together."),
    "MTL312": Code("no such task to weigh", "A command to a running training names a task that the cell does not declare; training goes on."),
    "MTL313": Code("nothing to order", "A ranking loss compares rows of one list that have different labels, and no list has any: the group is a column with a value of its own in each row, or the label is constant within lists."),
    "MTL314": Code("lists would be cut", "A loss compares the rows of a list, so each batch holds lists whole, and `train accumulate=` or `train mix=` would take them apart."),
    "MTL303": Code("unknown metric to watch", "early_stop names a task and one of its metrics, as in click.auc, or 'loss' for its validation loss."),
}  # fmt: skip

MAGIC: dict[str, Code] = {
    "MTL400": Code("no data", "A `%%mtl` cell trains on the table that `--data` names. The message lists the tables of the notebook."),
    "MTL401": Code("unknown flag", "The line of a `%%mtl` cell takes --data, --valid, --test, --store, --checkpoint, --explain, --format, --quiet, --stream, --no-stream, --mlflow and --resume."),
    "MTL402": Code("flag without its value, or twice", "--data, --valid and --test take Python up to the next flag; only --data may be repeated, and with several --data also --valid and --test. --stream and --no-stream exclude each other."),
    "MTL403": Code("wrong name of a run", "What stands before the flags is one name: the variable that will hold the finished run."),
    "MTL404": Code("name is taken", "A run never replaces a variable that holds anything but a run."),
    "MTL405": Code("Python of a flag failed", "The expression behind --data, --valid or --test is not Python, names nothing, or raised an exception."),
    "MTL406": Code("not in this version", "The flag or command is part of the language, and this version of the package does not have it yet."),
    "MTL407": Code("unknown command", "`%mtl` takes a command; `%mtl help` is one."),
    "MTL408": Code("no such word", "`%mtl help` knows the words of the language and the codes of its errors."),
    "MTL409": Code("wrong Keras backend", "Keras runs on one backend in a process, and training needs TensorFlow."),
    "MTL410": Code("path is taken", "A run is written to a path of its own; it replaces another run only with overwrite=True, and nothing else ever."),
    "MTL411": Code("run cannot be written", "The file system refused: no room, no permission. What was there before is unchanged."),
    "MTL412": Code("no run there", "A run is the folder that run.save wrote, with all its files."),
    "MTL413": Code("damaged run", "A file of the run's folder cannot be read as what it should be."),
    "MTL414": Code("run of a newer version", "The folder's format is newer than this version of the package reads."),
    "MTL430": Code("file cannot be read", "`mtl-magic train` reads the text of a cell from a file in UTF-8."),
    "MTL431": Code("unusable TF_CONFIG", "TF_CONFIG, where it is set, is the JSON with which TensorFlow names the workers of a cluster, and which of them a process is."),
    "MTL432": Code("nothing to go on from", "`--resume` and `%mtl resume` go on with a training that was stopped, interrupted or died; one that ended by itself leaves no checkpoint."),
    "MTL433": Code("workers keep dying", "A worker died, or made no step for long, more often than `--restarts` allows. The training stands at its last checkpoint."),
    "MTL434": Code("no Ray", "`--workers ray:N` needs the package ray, which `pip install mtl-magic[ray]` installs, and a cluster that it reaches."),
    "MTL435": Code("two columns of one name", "`mtl-magic predict --keep` puts a column of the table beside the predictions, one of which is called the same."),
    "MTL440": Code("script would replace files", "`run.code(path)` writes model.py, encoders.json and model.weights.h5; it replaces such files only with overwrite=True."),
    "MTL441": Code("no run to write as code", "`%mtl code` takes the name of a variable of the notebook that holds a run."),
    "MTL442": Code("cannot be written as code", "`run.code()` has no plain Keras for a word of the cell. The model itself is a Keras model that can be saved and loaded."),
    "MTL416": Code("no such run", "The store keeps no run, or no search, of this name or id. A name means its newest run, 'feed-2' the second of feed, 'feed.search' a search."),
    "MTL417": Code("run in use", "The run trains now, in this process or another. One process trains a run, and none is deleted while it trains."),
    "MTL418": Code("run without a model", "The training has not come to an end: it still runs, or died, or failed before its first. `%mtl resume` goes on with one that died. Or it was a trial's, and `%mtl clean trials` has removed it."),
    "MTL419": Code("wrong command about runs", "`%mtl runs`, `%mtl resume` and `%mtl clean` take the words that their help shows."),
    "MTL420": Code("training in the background", "One process trains one network at a time. Wait for the training in the background, or stop it."),
    "MTL421": Code("no training in the background", "`%mtl wait`, `stop`, `pause` and `set` speak to a training that a cell with --background has begun."),
    "MTL425": Code("Python that was not typed here", "`%mtl resume` in a new process runs no Python that a run's folder remembers, for the folder may be somebody else's: names of tables and quoted paths are taken from it, other expressions of `--data` are written on the line, and a cell with `{…}` is run again with `--resume`."),
    "MTL450": Code("feature cannot be exported", "`run.export` writes a model that takes raw columns: each feature's encoder must have a form in TensorFlow, and what several features read of a column must be of one type."),
    "MTL451": Code("unknown format", "`run.export` writes the formats 'saved_model' and 'onnx'."),
    "MTL452": Code("no ONNX converter", "ONNX needs the package tf2onnx, which `pip install mtl-magic[onnx]` installs."),
    "MTL453": Code("cannot become ONNX", "tf2onnx does not know an operation of the model, of a layer in braces for example. A SavedModel holds every operation of TensorFlow."),
    "MTL460": Code("no MLflow", "`--mlflow` needs the package mlflow, or mlflow-skinny."),
    "MTL461": Code("MLflow refuses", "MLflow cannot begin a run: its server cannot be reached, or its folder not written. Later on such a failure is a warning, and training goes on."),
    "MTL462": Code("MLflow's run does not go on", "A training that goes on was logged to an MLflow run. A warning: that run is gone from the server, or belongs to another experiment than is set, and a new one begins with all epochs; or --mlflow is not on the line."),
    "MTL470": Code("balancing method used wrongly", "`mtl_magic.balance.weights` and `create` take the word of a method, its options by name, and losses or a Gramian of K tasks. The message says what does not fit."),
    "MTL471": Code("balancing method has no solution", "The solver of a method did not converge on this Gramian. In a training that step has equal weights, and is counted."),
    "MTL480": Code("rows that judge a run are not known", "Two runs are compared on the rows that judged both. This process must have seen them; else a table is given, of rows that neither has learnt from."),
    "MTL481": Code("judged on different rows", "Two runs are compared on the same rows in the same order, with the same labels. Their splits or tables differ: give a table."),
    "MTL482": Code("nothing to compare", "The two have no task of one name and kind in common, or are not equally many seeds."),
    "MTL483": Code("not the rows of the run", "What is trained beside a run is trained on its rows. The table that is given, or that its cell names, is not known or gives other rows."),
    "MTL484": Code("wrong line about runs", "`%mtl compare`, `baseline`, `seeds`, `advise` and `front` take names of runs and the options that their help shows."),
    "MTL490": Code("nothing to compare trials on", "Trials of a search are compared on a validation part: 'split valid=', or --valid."),
    "MTL491": Code("losses that compare nothing", "Trials are compared by a task's loss, or by the mean of all where no 'tune objective=' is written, and the search changes what that loss is. Name a metric in 'tune objective='."),
    "MTL492": Code("every trial failed", "No trial of the search has ended with a model. The message says what the last one failed with; `search.trials` has all."),
    "MTL493": Code("search without a trial", "The search was stopped, or its time was over, before its first trial had a validation."),
    "MTL494": Code("no such trial", "A search numbers its trials from 0; `search.trials` lists them."),
    "MTL495": Code("search on the command line", "`mtl-magic train` trains one cell; `mtl-magic tune` searches one with a 'tune' line, and needs one."),
    "MTL496": Code("workers of a search keep dying", "A process that trained trials died more often than `--restarts` allows. What was tried is kept, and `--resume` goes on."),
    "MTL485": Code("rows on disk", "A baseline, advice or a front trains on rows in memory: those of a table that is read piece by piece are not."),
    "MTL486": Code("too few tasks", "Whether sharing helps, and what to share, is a question of two tasks or more."),
    "MTL487": Code("no preferences", "A front needs `balance stch`, under which the weights of tasks are a preference."),
    "MTL415": Code("no cell to rewrite", "`%mtl format` rewrites the last `%%mtl` cell that was run in this session, or the last of the name it is given. A cell rewrites itself with the flag --format."),
}  # fmt: skip


def catalogue() -> dict[str, Code]:
    """Every code.

    Example:
        >>> catalogue()["MTL021"].title
        'unknown source'
    """
    return {**LANGUAGE, **WARNINGS, **DATA, **TRAINING, **MAGIC}
