"""What the monitoring files of the last tags say, against the rules of the settings."""

from collections.abc import Callable
from dataclasses import dataclass, field

from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.index import index_tags, scan
from phase4_tui.artifacts.models import Monitoring
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.policy.monitoring import DEFAULT_RULES, KPIS, Rules
from phase4_tui.runbook.rules import is_share, read_rules
from phase4_tui.runbook.site import Site

LAST_TAGS = 40


@dataclass(frozen=True)
class Breach:
    """A value past its rule."""

    tag: str
    kpi: str
    value: float
    limit: float


@dataclass(frozen=True)
class Trends:
    """The KPIs of each tag, oldest first; a KPI that can't be read is missing."""

    points: tuple[tuple[str, dict[str, float]], ...] = ()
    rules: Rules = field(default_factory=lambda: DEFAULT_RULES)
    trouble: str | None = None
    """Why the rules are the defaults."""
    unread: int = 0
    """How many tags have a monitoring file that tells no KPI."""

    def limit(self, kpi: str) -> tuple[float, bool]:
        """Return the limit of a KPI, and whether it is the highest value that is allowed."""
        return self.rules[KPIS[kpi].rule], KPIS[kpi].is_most

    def is_breach(self, kpi: str, value: float) -> bool:
        """True for a value past its rule."""
        return KPIS[kpi].is_breach(value, self.limit(kpi)[0])

    def breaches(self) -> list[Breach]:
        """Return every breach, the newest tag's first."""
        return [
            Breach(tag, kpi, values[kpi], self.limit(kpi)[0])
            for tag, values in reversed(self.points)
            for kpi in KPIS
            if kpi in values and self.is_breach(kpi, values[kpi])
        ]


def read_trends(site: Site, stop: Callable[[], bool], last: int = LAST_TAGS) -> Trends:
    """Read the last tags that were monitored."""
    reports = site.reports
    rules, trouble = read_rules(site.workdir / site.settings.rules)
    points: list[tuple[str, dict[str, float]]] = []
    unread = 0
    names = scan(reports)
    tags = [entry.tag for entry in index_tags(names, site.artifacts) if Artifact.MONITORING in entry.suffixes]
    # When a tag was monitored is its place in time; another of its files may have been touched since.
    tags.sort(key=lambda tag: names[file_name(tag, Artifact.MONITORING)][2], reverse=True)
    for tag in tags[:last]:
        if stop():
            break
        found = look(reports / file_name(tag, Artifact.MONITORING), Monitoring, patient=False).value
        kpis = found.snapshot.kpis if found is not None and found.snapshot is not None else {}
        values = {kpi: float(kpis[kpi]) for kpi in KPIS if is_share(kpis.get(kpi))}
        unread += not values
        points.append((tag, values))
    return Trends(tuple(reversed(points)), rules, trouble, unread)
