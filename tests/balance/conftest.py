"""The script of the oracle needs PyTorch, which is not installed here: nothing of it is a test."""

collect_ignore = ["oracle"]
