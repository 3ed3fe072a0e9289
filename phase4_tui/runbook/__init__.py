"""The runbook as code: steps, preconditions, isolation, the run sequence, health checks and classification."""
