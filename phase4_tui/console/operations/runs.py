"""The runs of one dashboard: one sequence or step at a time, in a thread independent of the screen."""

import threading
from collections.abc import Callable

from phase4_tui.errors import Refused, Remedy
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.run_plan import RunPlan
from phase4_tui.runbook.sequence import Observer, run_plan
from phase4_tui.runbook.site import Site

END_SECONDS = 10.0
Ended = Callable[[RunRecord | None, Exception | None], object]


class Runs:
    """Starts runs, cancels the one under way, and waits for its end."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """True while a run of this dashboard is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, plan: RunPlan, ended: Ended) -> None:
        """Start a run; `ended` is called in its thread with its record or its error. Raises Refused during another."""
        if self.busy:
            raise Refused("a run of this dashboard is under way", remedy=Remedy("cancel", effect="cancels it"))
        self._cancel = threading.Event()
        cancel = self._cancel

        def work() -> None:
            try:
                record = run_plan(plan, self._site.settings, self._site.environment, Observer(), cancel)
            except Exception as error:  # noqa: BLE001 - the operator must see any error
                ended(None, error)
                return
            try:
                look_for_incident(self._site, plan.tag)
            except Exception as error:  # noqa: BLE001 - as above; the run has its outcome all the same
                ended(record, error)
            else:
                ended(record, None)

        self._thread = threading.Thread(target=work, name="run", daemon=False)
        self._thread.start()

    def cancel(self) -> None:
        """Stop the run under way: its step is terminated, then killed."""
        self._cancel.set()

    def finish(self) -> None:
        """Cancel and wait until nothing of the run is left."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(END_SECONDS)
