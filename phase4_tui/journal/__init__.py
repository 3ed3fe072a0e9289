"""Locks and the state of operations that every process on a reports directory shares."""
