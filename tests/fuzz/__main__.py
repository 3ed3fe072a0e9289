"""Tries mutated files for as long as asked, and prints the seed, the cases of each reader and the slowest of them."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import Campaign, Failure
from tests.fuzz.faces import try_faces
from tests.fuzz.readers import READERS
from tests.fuzz.seeds import laid_out


def main() -> int:
    """Return 0 when every case was survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"default all: {', '.join(READERS)}")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--faces", type=int, default=0, help="directories to give commands on besides")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", type=Path, help="where failing cases are left (default: a new directory)")
    parser.add_argument("--replay", type=Path, action="append", default=[], help="the directory of a kept case")
    given = parser.parse_args()
    unknown = [name for name in given.readers if name not in READERS]
    if unknown:
        parser.error(f"no such reader: {', '.join(unknown)}")
    keep = given.keep or Path(tempfile.mkdtemp(prefix="phase4-fuzz-"))
    with tempfile.TemporaryDirectory() as directory:
        campaign = Campaign(laid_out(Path(directory) / "work"), keep)
        if given.replay:
            found = {case: campaign.replay(case) for case in given.replay}
            for case, why in found.items():
                print(f"{case}: {why or 'survived'}")
            return int(any(found.values()))
        print(f"seed {given.seed}", flush=True)
        tally = campaign.run(given.seed, given.seconds, given.readers)
        for number in range(given.faces):
            why = try_faces(campaign.clean, keep / f"faces-{given.seed}-{number}", f"{given.seed} {number}")
            if why is not None:
                tally.failures.append(Failure("faces", why, keep / f"faces-{given.seed}-{number}"))
    for name, count in tally.cases.items():
        memory, refused = tally.largest[name] / (1 << 20), tally.refused.get(name, 0)
        print(f"{name:<16} {count:>7,} cases  {refused:>7,} refused  {tally.slowest[name]:6.3f} s  +{memory:5.1f} MiB")
    slowest = max(tally.slowest.values(), default=0)
    print(f"{sum(tally.cases.values()):,} cases, slowest {slowest:.3f} s, {len(tally.failures)} failures")
    for failure in tally.failures:
        print(f"\n{failure.reader}: {failure.case}\n{failure.why}")
    return int(bool(tally.failures))


if __name__ == "__main__":
    sys.exit(main())
