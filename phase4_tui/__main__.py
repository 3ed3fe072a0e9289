"""`python -m phase4_tui`: the same as `phase4`."""


def main() -> None:
    """Start the command line."""
    from phase4_tui.cli.app import main as command_line  # noqa: PLC0415 - faces are loaded when they are used

    command_line()


if __name__ == "__main__":
    main()
