"""The next move in words: behind its key on the dashboard, before its command on a plain terminal."""

from collections.abc import Mapping

from phase4_tui.rollback.next_move import NextMove


def as_key(move: NextMove, keys: Mapping[str, str]) -> str:
    """Return `k switch to a known-good tag`; the text alone where no operation does it."""
    from phase4_tui.console.remedies import how  # noqa: PLC0415 - the command line needs no keys

    return f"{how(move.operation, keys)} {move.text}" if move.operation else move.text


def as_command(move: NextMove) -> str:
    """Return `switch to a known-good tag: phase4 known-good switch TAG --reason R`."""
    return f"{move.text}: {move.command}" if move.command else move.text
