"""The runbook as code: steps, preconditions, isolation, sequence, health, classification."""
