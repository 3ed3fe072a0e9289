"""Who acts: the operator's name, the host and the process."""

import os
import socket
from dataclasses import dataclass, field


def host_name() -> str:
    """Return this machine's name."""
    return socket.gethostname()


@dataclass(frozen=True)
class Actor:
    """An operator at a process of a host."""

    name: str
    host: str = field(default_factory=host_name)
    pid: int = field(default_factory=os.getpid)

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"
