"""`python -m phase4_tui`: the same as `phase4`."""

import os
import sys

from phase4_tui.streams import open_streams

# No pydantic plugin is wanted, and searching the installed packages for one delays the start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


INTERRUPTED = 130


def main() -> None:
    """Open the dashboard, or start the command line; an interrupt before either can take it ends it without a word."""
    try:
        _start()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _start() -> None:
    open_streams()
    from phase4_tui.entry import means_dashboard, quick_start  # noqa: PLC0415 - a face is loaded when it is used

    if means_dashboard(sys.argv[1:]):
        status = quick_start(sys.argv[1:])
        if status is not None:
            sys.exit(status)
        sys.argv[1:] = ["dash", *(word for word in sys.argv[1:] if word != "dash")]
    from phase4_tui.cli.app import main as command_line  # noqa: PLC0415 - as above

    command_line()


if __name__ == "__main__":
    main()
