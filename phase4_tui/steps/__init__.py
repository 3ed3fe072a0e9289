"""The runbook's step commands, each a runnable module."""
