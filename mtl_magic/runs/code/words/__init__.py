"""Writers of the words of the language, some of a family a file; see `mtl_magic.runs.code.writers`."""
