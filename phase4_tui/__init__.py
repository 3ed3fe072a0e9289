"""The operations console for the Phase 4 options policy in paper mode."""

__version__ = "0.1.0"
