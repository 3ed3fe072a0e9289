"""The runbook's rollback procedure: orders with their plans, and the guided walk over them."""
