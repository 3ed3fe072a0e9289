"""Phase 4: the decision on a record, and the quality gate."""
