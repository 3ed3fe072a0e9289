"""`status --json`: the status of a tag with the next move, which one room below `rollback` can't know."""

from phase4_tui.cli.context import Desk
from phase4_tui.rollback.next_move import NextMove, next_move
from phase4_tui.rollback.read_situation import read_situation
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.status import Status, read_status


class StatusDocument(Status):
    """The status, and what to do now."""

    next_move: NextMove | None


def read_status_document(desk: Desk, tag: str | None, proof: Proof) -> tuple[StatusDocument, Evidence]:
    """Return the status of a tag and the evidence behind it; raises BadTag, StateUnreadable."""
    status, evidence = read_status(desk.site, tag, proof)
    judged = (evidence, status.classification) if status.tag is not None else None
    move = next_move(read_situation(desk.site, tag, judged))
    return StatusDocument.model_validate(dict(status) | {"next_move": move}), evidence
