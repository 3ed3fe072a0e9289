"""The files of a run tag: names, models, safe reading, atomic writing, the index of a directory."""
