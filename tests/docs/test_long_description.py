"""What a package index shows: the README with links that lead somewhere from there too."""

import re
from pathlib import Path
from runpy import run_path

ROOT = Path(__file__).parents[2]
long_description = run_path(str(ROOT / ".ci" / "long_description.py"))["long_description"]
README = (ROOT / "README.md").read_text()
LINKS = re.compile(r"\]\(([^)\s]+)\)")
SCREENS = ("healthy", "incident", "guided", "compare", "trends")


def test_the_readme_shows_each_new_screen_by_a_picture_that_is_there() -> None:
    links = [link for link in LINKS.findall(README) if not link.startswith(("http", "#"))]
    assert {f"phase4_tui/data/screenshots/{name}.svg" for name in SCREENS} <= set(links)
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_with_an_address_every_link_leads_there_at_the_version_that_is_shown() -> None:
    text = long_description(README, "https://example.org/desk/phase4/", "1.2.3")
    there = "https://example.org/desk/phase4/raw/v1.2.3/"
    assert [link for link in LINKS.findall(text) if not link.startswith((there, "#"))] == []
    assert long_description(README, None, "1.2.3") == README
