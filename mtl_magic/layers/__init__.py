"""Plain Keras layers, usable without the rest: `keras.ops`, `get_config`, saved and loaded by Keras alone."""
