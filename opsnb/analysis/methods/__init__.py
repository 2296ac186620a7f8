"""Statistics over aggregates and arrays. No data frames, no input or output.

Every function takes numbers, `Moments`, `Joint` or numpy arrays, and returns a frozen
record. `docs/methods.md` lists each method with its formula, source and oracle.
"""
