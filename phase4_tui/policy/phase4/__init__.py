"""The advanced policy flow: what Phase 4 decides about one record, and the gate that checks it."""
