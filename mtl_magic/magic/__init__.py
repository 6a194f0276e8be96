"""The notebook's side: `%%mtl`, `%mtl`, progress, errors."""
