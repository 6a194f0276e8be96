"""The page that compares with peers names words that there are, and says of all else why there is none."""

from __future__ import annotations

import pathlib
import re

import pytest

from mtl_magic.vocabulary import vocabulary

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "peers.md"
FAMILIES = {"share": "block", "task": "task", "loss": "loss", "via": "given", "balance": "balance"}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if "|" in line
]
ROWS = [row for row in ROWS if len(row) == 3 and set(row[0]) != {"-"} and row[0] not in ("what", "short")]
PEERS = {row[0] for row in ROWS if len(row[0]) == 1}


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] not in PEERS], ids=lambda row: row[0][:40])
def test_a_row_has_a_word_or_a_reason(row):
    _, where, here = row
    words = re.findall(r"`(share|task|loss|via|balance) (\w+)`", here)
    for kind, word in words:
        assert vocabulary().find(FAMILIES[kind], word), f"{kind} {word}"
    assert words or re.match(r"left out: \w|not yet", here)
    named = {peer for part in re.split("[·,]", where) for peer in re.findall(r"^ ?([A-Z])\b", part)}
    assert named <= PEERS
    assert named or where.startswith(("all: ", "none of the six"))


def test_every_dependency_and_topology_of_a_peer_is_there():
    assert len(ROWS) > 35
    assert set("ETRLMDF") == PEERS
