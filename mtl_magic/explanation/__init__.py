"""What a cell would do, said before it does it: its topology as data, picture and text; parameters; settings.

Importing this package imports nothing; Keras is needed once a network is counted.
"""
