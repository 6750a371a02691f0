"""Runs without the world: the same core decides, answers are given or invented, and time passes at once.

`simulation` walks every path of a procedure, `document_tests` runs the tests that a document declares, `backtest` puts
what was answered in earlier runs to another version. `checks` is all of it for whoever calls from outside.
"""
