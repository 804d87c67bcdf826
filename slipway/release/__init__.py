"""A version: gates, commit, tag, publication, verification.

`facts` looks (a function of `checks` each), `plan` decides, `run` acts: on an `attempt`, the clone, whose `gates` are
passed in a `sandbox`; then it is `publish`ed, and what says where it comes from is `attach`ed.
"""
