"""The functions that scripts are made of, as real Python: a script holds the source of those that it needs.

They import what a script may import, and nothing of ours; lines are at most 88 wide, and what is longer is broken at
commas, so that formatters leave the script as it is.
"""
