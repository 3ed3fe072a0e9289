"""The prior phase: three agents, their consensus, and the gate that checks it; the fallback."""
