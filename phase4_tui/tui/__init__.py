"""The dashboard: facts from disk become one snapshot, keys become orders; nothing is decided here."""
