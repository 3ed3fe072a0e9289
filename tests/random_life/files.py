"""What happens to the files: artifacts come, break and go; the reports directory is removed, replaced, covered."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.random_life.desks import put_moods
from tests.random_life.world import World
from tests.runbook.documents import Tag
from tests.tui.support import bad_tag, older

TAGS = ("t0", "t1", "t2", "t3", "t4", "t5", "phase4_demo")
SUFFIXES = ("_report.json", "_summary.json", "_report.md", "_release_check.json", "_quality_check.json",
    "_monitoring.json",
            "_phase4_signoff.md", "_shadow_duration.json")  # fmt: skip
CONTENTS: tuple[bytes, ...] = (
    b"", b"{", b"[]", b"null", b'{"passed": true}', b'{"passed": NaN}', b'{"passed": true, "passed": false}',
    b"[" * 100_000,
    b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b'{"run_tag": "another", "results": []}', b'{"status": "OK", "alerts": [{}]}',
    json.dumps({"run_tag": "\x1b]52;c;RVZJTA==\x07[b]x[/nope]", "results": "[@click=app.quit]"}).encode(),
    b"\x00" * 5000,
    b'{"results": [' + b'{"input": {}, "decision": {}},' * 5000 + b"{}]}", b"x" * 3_000_000, b'{"passed": 1e999}',
)  # fmt: skip
HUGE_BYTES = 1 << 31


def whole_tag(world: World, chance: random.Random) -> str:
    """Write the artifacts of a whole tag: healthy or P1, new or old."""
    name, bad, age = chance.choice(TAGS), chance.random() < 0.4, chance.choice((0, 0, 200))
    with suppress(OSError, ValueError):
        for path in _listing(world):
            if path.name.startswith(f"{name}_") and not path.is_file():
                _remove(path)  # a FIFO would hold this process up
        tag = (bad_tag if bad else Tag)(_reports(world), name)
        older(tag, age)
    return f"{'bad' if bad else 'healthy'} tag {name}, {age} s older"


def broken_artifact(world: World, chance: random.Random) -> str:
    """Write something else into an artifact, in place or by a rename."""
    path, content = _artifact(world, chance), chance.choice(CONTENTS)
    with suppress(OSError):
        if chance.random() < 0.5:
            if not path.is_file() or path.is_symlink():
                _remove(path)
            path.write_bytes(content)
        else:
            path.with_name(f".{path.name}.tmp").write_bytes(content)
            path.with_name(f".{path.name}.tmp").replace(path)
    return f"{path.name} = {content[:30]!r}, {len(content)} bytes"


def odd_artifact(world: World, chance: random.Random) -> str:
    """Put something that is no file in an artifact's place."""
    path = _artifact(world, chance)
    made: dict[str, Callable[[], object]] = {
        "fifo": lambda: os.mkfifo(path),
        "link to itself": lambda: path.symlink_to(path.name),
        "link to passwd": lambda: path.symlink_to("/etc/passwd"),
        "link to a terminal": lambda: path.symlink_to("/dev/tty"),
        "dangling link": lambda: path.symlink_to("nowhere"),
        "directory": path.mkdir,
        "hard link": lambda: path.hardlink_to(_scratch(world)),
        "huge": lambda: _sparse(path),
        "device zero": lambda: path.symlink_to("/dev/zero"),
    }
    kind = chance.choice(tuple(made))
    with suppress(OSError):
        _remove(path)
        made[kind]()
    return f"{path.name} is a {kind}"


def odd_name(world: World, chance: random.Random) -> str:
    """Write a file whose name is hard to bear."""
    names = (b"\xff\xfe_report.json", b"-rf_report.json", b"a\nb_report.json", b"\x1b[2J_report.json", b"_report.json",
             b"x" * 240 + b"_report.json", "ü🔥_monitoring.json".encode(), b"t1 _report.json", b".._summary.json",
             b"a_release_check_report.json", b"T1_report.json", b"[b]t[/b]_report.json")  # fmt: skip
    name, content = chance.choice(names), chance.choice(CONTENTS[:8])
    with suppress(OSError):
        Path(os.fsdecode(os.path.join(os.fsencode(_reports(world)), name))).write_bytes(content)  # noqa: PTH118
    return f"file named {name!r}"


def gone_or_touched(world: World, chance: random.Random) -> str:
    """Remove artifacts, touch them, set their times to the past or the future, or take their rights."""
    paths = sorted(path for path in _listing(world) if not path.name.startswith("."))
    what = chance.choice(("remove", "remove", "touch", "past", "future", "rename", "truncate", "no rights"))
    at, many = chance.random(), chance.choice((1, 1, 3, 100))
    first = int(at * len(paths))
    for path in paths[first : first + many]:
        with suppress(OSError):
            if what == "remove":
                _remove(path)
            elif what == "rename":
                path.rename(path.with_name(f"{chance.choice(TAGS)}{chance.choice(SUFFIXES)}"))
            elif what == "truncate":
                os.truncate(path, path.stat().st_size // 2)
            elif what == "no rights":
                path.chmod(0)
            else:
                os.utime(path, None if what == "touch" else (0, 0) if what == "past" else (4e9, 4e9))
    return f"{what} of {[path.name for path in paths[first : first + many]][:3]} ({many})"


def storm(world: World, chance: random.Random) -> str:
    """Write very many files at once, and remove them again."""
    count = chance.choice((50, 500, 3000))
    made = [_reports(world) / f"s{number}_report.json" for number in range(count)]
    with suppress(OSError):
        for path in made:
            path.write_bytes(b"{}")
    world.pause(chance.choice((0.0, 0.5)))
    for path in made:
        with suppress(OSError):
            path.unlink()
    return f"storm of {count} files"


def inputs(world: World, chance: random.Random) -> str:
    """Change the batch, the rules or the settings for a while."""
    path = world.work / chance.choice(("sample_batch_input.json", "monitoring_rules.json", "phase4.toml"))
    content = chance.choice(CONTENTS[:12])
    if path.is_file():
        before = path.read_bytes()
        _remove(path)
        path.write_bytes(content)
        world.pause(chance.choice((0.1, 1.0)))
        _remove(path)
        path.write_bytes(before)
    return f"{path.name} was {content[:20]!r} for a while"


def moods(world: World, chance: random.Random) -> str:
    """Let other steps misbehave from now on, where steps have moods."""
    return f"moods: {put_moods(world.work, chance)}"


def reports_gone(world: World, chance: random.Random) -> str:
    """Remove the reports directory, or replace it for a while by something else, and put it back."""
    reports, away = world.work / "reports", world.work / f"reports.away{len(world.log)}"
    way = chance.choice(("moved", "moved", "removed", "empty one", "file", "link", "copy", "covered"))
    seconds = chance.choice((0.0, 0.3, 1.0, 2.5))
    if way == "covered":
        return _covered(world, reports, seconds)
    with suppress(OSError):
        reports.rename(away)
    if not away.exists():
        return "no reports directory to move"

    def back() -> None:
        if way in ("removed", "copy"):
            shutil.rmtree(away, ignore_errors=True)
        while away.exists() and way not in ("removed", "copy"):
            _remove(reports)
            with suppress(OSError):  # a command may have made it anew in between
                away.rename(reports)

    world.mends.append(back)
    with suppress(OSError):
        if way in ("empty one", "removed"):
            reports.mkdir()
        elif way == "file":
            reports.write_text("no directory")
        elif way == "link":
            reports.symlink_to(away.name)
        elif way == "copy":
            shutil.copytree(away, reports, symlinks=True)
    world.pause(seconds)
    world.mends.remove(back)
    back()
    return f"reports {way} for {seconds} s"


def _covered(world: World, reports: Path, seconds: float) -> str:
    """Mount something empty over the reports directory, which is how a lost share looks."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(reports)], capture_output=True)
    if done.returncode:
        return "reports can't be covered here"

    def back() -> None:
        subprocess.run(["umount", "-l", str(reports)], capture_output=True)

    world.mends.append(back)
    world.pause(seconds)
    world.mends.remove(back)
    back()
    return f"reports covered by an empty mount for {seconds} s"


def _reports(world: World) -> Path:
    return world.work / "reports"


def _listing(world: World) -> list[Path]:
    try:
        return list(_reports(world).iterdir())
    except OSError:
        return []


def _artifact(world: World, chance: random.Random) -> Path:
    return _reports(world) / f"{chance.choice(TAGS)}{chance.choice(SUFFIXES)}"


def _scratch(world: World) -> Path:
    path = world.base / "linked"
    path.write_text("{}")
    return path


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, HUGE_BYTES)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
