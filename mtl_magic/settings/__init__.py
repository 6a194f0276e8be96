"""The `split`, `train` and `tune` statements: one declaration a file, its fields the statement's keys."""
