"""The product's verbs: solve, certify, path. No command line, no files of results, no terminal.

`solving`, `certifying` and `regularisation_path` each hold one verb and its typed result. What
they share: the data (`inputs`), the patterns (`pattern_choice`), ``beta`` (`strength`, which also
answers "enumerate or bracket?"), the programs by name (`programs`) and the following of a bracket
(`bracketing`). Progress leaves through a callback.
"""
