"""The journal, the state that follows from it, and the locks, shared by all processes on a reports directory."""
