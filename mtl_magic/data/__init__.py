"""Tables to encoded batches: sources, schema, encoders, splits."""
