"""The whole script, section after section."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mtl_magic.runs.code import encoding, network, training
from mtl_magic.runs.code.answers import WEIGHTS, Answers
from mtl_magic.runs.code.source import imports
from mtl_magic.runs.code.text import listed, paragraphs

if TYPE_CHECKING:
    from mtl_magic.runs.code.network import NetworkText
    from mtl_magic.runs.code.plan import Plan

NAME = "model.py"

MAIN = '''
def main() -> None:
    """Train, evaluate or predict from a terminal."""
    parser = argparse.ArgumentParser(description="Train, evaluate or predict.")
    parser.add_argument("action", choices=["train", "evaluate", "predict"])
    parser.add_argument("table", help="a Parquet or CSV file")
    parser.add_argument("--valid", help="train: a file to validate on")
    parser.add_argument("--weights", help="a file: train writes it, the others read it")
    parser.add_argument("--out", default="predictions.csv", help="predict: the file")
    asked = parser.parse_args()
    frame = read(asked.table)
    if asked.action == "train":
        model = train(frame, read(asked.valid) if asked.valid else None)
        model.save_weights(asked.weights or FOLDER / "trained.weights.h5")
        return
    model = load_weights(asked.weights or FOLDER / "{WEIGHTS}")
    if asked.action == "evaluate":
        print(evaluate(frame, model).to_string(index=False))
    else:
        predict(frame, model).to_csv(asked.out)


if __name__ == "__main__" and "__file__" in globals():  # not in a notebook's cell
    main()
'''


def script(plan: Plan) -> tuple[str, NetworkText]:
    """The text, and what is known of the layers in it."""
    from mtl_magic.runs.code.functions import files

    answers = Answers(plan)
    net = network.section(plan)
    objective = training.Objective(plan, net.terms)
    encode, labels, targets = encoding.section(plan), answers.labels(), answers.targets(net.terms)
    predict, evaluate = answers.predict(), answers.evaluate()
    losses, parts, train = objective.losses(), objective.parts(), objective.train()
    plan.functions.use(files.read)
    constants = [
        'FOLDER = pathlib.Path(globals().get("__file__", "")).parent',
        *objective.constants(),
        *network.constants(plan),
        *answers.constants(),
    ]
    use = plan.functions.text
    blocks = [
        "\n".join(constants),
        _title("From a table to the network's inputs, and to labels"),
        *use("encoding"),
        "\n".join(encode),
        *use("labels"),
        "\n".join(labels),
        _title("The network"),
        *use("network"),
        *use("sharing"),
        *use("interactions"),
        *use("relations"),
        "\n".join(net.lines),
        _title("Predictions and metrics"),
        *use("predictions"),
        "\n".join(predict),
        *use("metrics"),
        "\n".join(evaluate),
        _title("Training"),
        *use("losses"),
        *use("lists"),
        *use("risks"),
        "\n".join(losses),
        "\n".join(targets),
        *use("splitting"),
        *(["\n".join(parts)] if parts else []),
        *use("training"),
        "\n".join(train),
        _title("From a terminal"),
        *use("files"),
        MAIN.replace("{WEIGHTS}", WEIGHTS).strip("\n"),
    ]
    body = _joined(blocks)
    head = "\n".join(imports(body)).strip("\n")
    return f"{_docstring(plan)}\n\n{head}\n\n{body}\n", net


def _title(text: str) -> str:
    return f"# {'-' * 86}\n# {text}"


def _joined(blocks: list[str]) -> str:
    """Blocks with the empty lines that `ruff format` wants between them."""
    text = blocks[0]
    for before, block in itertools.pairwise(blocks):
        plain = not block.startswith(("def ", "class ", "@")) and not before.startswith(("def ", "class ", "@", "# --"))
        text += ("\n\n" if plain else "\n\n\n") + block
    return text


def _docstring(plan: Plan) -> str:
    """What the script is, the cell that it came from, and what it does in another way."""
    run = plan.run
    tasks = listed(t.name for t in plan.schema.tasks)
    cell = "\n".join(f"    {line}".rstrip() for line in run.text.split("\n"))
    usage = "\n".join(
        f"    python {NAME} {words}"
        for words in ("evaluate log.parquet", "predict log.parquet --out predictions.csv", "train log.parquet")
    )
    files = [f for f, needed in ((encoding.ENCODERS, encoding.learnt(plan)), (WEIGHTS, True)) if needed]
    said = [
        f"Beside this file {'lie' if len(files) > 1 else 'lies'} {listed(files)}: what the run '{run.name}' learnt. With {'them' if len(files) > 1 else 'it'} the predictions are those of the run; a new training takes the encoders as they are.",
        "Training is the cell's model and objective in `Model.fit`: its results are about as good, and not equal to the bit.",
        " ".join(dict.fromkeys([*training.notes(plan), *plan.notes])),
    ]
    text = f"{tasks}: a multi-task model in plain Keras.\n\nIt was a %%mtl cell:\n\n{cell}\n\n{usage}\n\n{paragraphs(*said)}\n"
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}"""'
