"""What stands in a terminal: `mtl-magic train`, in one process or in several that it watches, `evaluate`, `predict`, `explain`."""
