"""What an installation carries: the runbook, a sample session, the default rules."""
