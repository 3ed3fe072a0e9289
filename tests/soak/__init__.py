"""A desk's year in fast motion, under the eyes of one dashboard that never ends: `python -m tests.soak`."""
