"""Starts one step in its cage and takes its whole process tree down; run as a script, standard library only.

The launcher is the parent of a keeper, the keeper of the step. Where the kernel allows it the keeper is the first
process of a namespace, so that everything in it dies with the keeper, and sees nothing outside. Else the launcher
adopts every process that the step leaves behind (subreaper) and kills each. When the launcher is asked to stop, or
its own parent dies, the tree ends; when the launcher dies, the keeper does.

Usage: launcher.py FD, a descriptor to read JSON from, since every user can read arguments. Keys: argv, cwd, env,
barrier ("seccomp" or "none"), grace (seconds), report_fd (where one JSON object about the outcome is written), held
(descriptors kept open until the tree is down), parent (whose end is the step's end), cage (null, or what to put up:
see cage/keeper.py).
"""

import json
import os
import signal
import sys

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))

from phase4_tui.runbook.cage.keeper import Keeper
from phase4_tui.runbook.cage.kernel import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl
from phase4_tui.runbook.cage.namespaces import separate_processes
from phase4_tui.runbook.cage.tree import Outcome, take_down

WANTED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


def main() -> None:
    """Run the step specified in the file whose descriptor is the only argument."""
    with os.fdopen(int(sys.argv[1])) as file:
        spec = json.load(file)
    report = spec["report_fd"]
    for descriptor in (report, *spec["held"]):
        os.set_inheritable(descriptor, False)
    signal.pthread_sigmask(signal.SIG_BLOCK, WANTED)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    keeper = Keeper(spec)
    if keeper.wants("own processes"):
        keeper.put_up("own processes", separate_processes)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # only now: the kernel clears this setting when credentials change
    if os.getppid() != spec["parent"]:
        return  # the parent that requested the step is gone already
    said_read, said_write = os.pipe()
    life_read, life_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(life_write)
        keeper.keep(said_write, life_read)
        os._exit(0)
    os.close(said_write)
    os.close(life_read)
    stopped = False
    while True:
        if signal.sigwait(WANTED) != signal.SIGCHLD:
            stopped = True
            break
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            break
    unkilled = take_down(pid, spec["grace"] if stopped else 0)
    outcome = _said(said_read)
    if stopped and "exit" not in outcome:
        outcome.setdefault("signal", signal.SIGKILL)
    outcome["stopped"] = stopped
    outcome["unkilled"] = unkilled
    try:
        os.write(report, json.dumps(outcome).encode())
    except OSError:
        return  # nobody is left to read it


def _said(descriptor: int) -> Outcome:
    """Return what keeper and step said, put together; both are down."""
    outcome: Outcome = {}
    with os.fdopen(descriptor, errors="replace") as file:
        for line in file:
            outcome.update(json.loads(line))
    return outcome


if __name__ == "__main__":
    main()
