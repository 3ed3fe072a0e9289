"""Step scripts under the runbook's names: laid out by `phase4 init`, or the operator's own."""

from pathlib import Path

from phase4_tui.artifacts.regular_files import Unreadable, read_bytes

LAID_OUT_MARK = "# laid out by phase4 init"


def is_foreign(script: Path) -> bool:
    """True for the operator's own script; an unchanged one that `phase4 init` laid out is ours."""
    try:
        text = read_bytes(script).decode("utf-8", "replace")
    except FileNotFoundError:
        return False
    except Unreadable:
        return script.is_file()  # too large to be ours; anything but a file is no script
    return laid_out_script(script.name.removesuffix(".py"), _interpreter_of(text)) != text


def laid_out_script(stem: str, interpreter: str) -> str:
    """Return the script that `phase4 init` lays out for a step: the runbook's command, run by this program."""
    return f"""{LAID_OUT_MARK}: runs this step of the installed program. Replace it with your own script, and
# phase4 runs yours.
INTERPRETER = {interpreter!r}

if __name__ == "__main__":
    import os
    import sys

    try:
        from phase4_tui.steps.{stem} import main
    except ImportError:  # this `python` is not the one that has the program
        if sys.executable == INTERPRETER or not os.path.exists(INTERPRETER):
            sys.exit("error: phase4_tui is not installed for this python; install it, or run `phase4 init` anew")
        os.execv(INTERPRETER, [INTERPRETER, "-P", "-m", "phase4_tui.steps.{stem}", *sys.argv[1:]])
    sys.exit(main())
"""


def _interpreter_of(text: str) -> str:
    for line in text.splitlines()[:5]:
        if line.startswith("INTERPRETER = "):
            return line.removeprefix("INTERPRETER = ").strip("'\"")
    return ""
