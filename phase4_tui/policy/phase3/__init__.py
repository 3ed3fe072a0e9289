"""Phase 3, the fallback: three agents, their consensus, and the quality gate."""
