"""Trainings that are killed: nothing that was finished is lost, and what goes on is what it would have been."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest


@pytest.mark.timeout(900)  # a minute on two cores that are free
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks one process that has loaded TensorFlow")
def test_twenty_killed_trainings(root):
    words = [sys.executable, str(root / "scripts" / "chaos.py"), "--seed", "7", "--moments", "20"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(words, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    kills = re.search(r"20 moments of seed 7, (\d+) kills", done.stdout)
    assert kills, done.stdout
    assert int(kills[1]) >= 20
    for phase in ("training", "checkpointing", "saving", "committing", "recording", "indexing", "starting"):
        assert re.search(rf"{phase} [1-9]", done.stdout), phase
