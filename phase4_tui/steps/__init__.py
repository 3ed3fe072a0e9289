"""The runbook's commands, one runnable module each."""
