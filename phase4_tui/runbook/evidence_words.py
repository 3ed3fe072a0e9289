"""The evidence of an incident or a classification in plain words, for both faces and the post-mortem."""

from phase4_tui.journal.finding_words import finding_words
from phase4_tui.journal.incident import Incident
from phase4_tui.runbook.classification import Classification


def evidence_words(incident: Incident, limit: int | None = None) -> list[str]:
    """Return one line for each piece of evidence; beyond `limit` lines one more that counts the rest."""
    return finding_words(incident.evidence, incident.rule, limit)


def classification_words(found: Classification, limit: int | None = None) -> list[str]:
    """Return the evidence of a classification as `evidence_words` does that of an incident."""
    return finding_words(found.evidence, found.rule, limit)
