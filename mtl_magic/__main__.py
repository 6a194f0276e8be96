"""`python -m mtl_magic`: what the command `mtl-magic` does."""

from __future__ import annotations

import sys

from mtl_magic.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
