"""Opens a report of any size to read its rows page by page; the beginning of the file shows its layout."""

import os
import re
from pathlib import Path

from phase4_tui.artifacts.index import identity_of
from phase4_tui.artifacts.regular_files import open_regular
from phase4_tui.artifacts.strict_json import BadJson, parse_object
from phase4_tui.console.facts.batch_rows import BatchRows
from phase4_tui.console.facts.line_rows import LineRows
from phase4_tui.console.facts.report_rows import ReportRows, count_of

HEAD_BYTES = 64 << 10
# Only this program's writer pads the line before the rows.
_ROWS_BEGIN = re.compile(rb' \n"results": \[\n')


def open_report(path: Path) -> ReportRows:
    """Open a report; raises FileNotFoundError, Unreadable."""
    with open_regular(path, contained=True) as file:
        identity = identity_of(os.fstat(file.fileno()))
        begin = os.pread(file.fileno(), HEAD_BYTES, 0)
        descriptor = os.dup(file.fileno())
    match = _ROWS_BEGIN.search(begin)
    if match is not None:
        try:
            head = parse_object(begin[: match.end()] + b"]}")
        except BadJson:
            head = {}
        if head.get("results") == []:
            return LineRows(path, identity, count_of(head), descriptor, match.end())
    return BatchRows(path, identity, descriptor)
