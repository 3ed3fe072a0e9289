"""The runbook's rollback procedure: operations with their plans, and the guided walk over them."""
