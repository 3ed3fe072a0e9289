"""Mutated files for every reader: `python -m tests.fuzz [--seconds N] [--seed S] [--replay CASE] [READER...]`."""
