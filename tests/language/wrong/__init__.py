"""Wrong cells of the catalogue: (code, wrong cell, what is said, right cell)."""

from language.wrong.names import NAMES
from language.wrong.syntax import SYNTAX
from language.wrong.values import VALUES

CASES = [*SYNTAX, *NAMES, *VALUES]
