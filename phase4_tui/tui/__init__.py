"""The dashboard: facts from disk become one snapshot, keys become operations; nothing is decided here."""
