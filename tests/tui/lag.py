"""How long the event loop of a dashboard was held up, so that no key could act: measured while a block runs.

On a busy machine a loop waits for the processor too; so every day only the processor's time that it takes is counted.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.counts import tries

STEP_SECONDS = 0.005


class Lag:
    """The longest time for which the loop was held up, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        """Watch until this task is cancelled."""
        clock, pause = tries(time.thread_time, time.perf_counter), tries(0.0, STEP_SECONDS)
        last = clock()
        while True:
            await asyncio.sleep(STEP_SECONDS)
            now = clock()
            self.worst, last = max(self.worst, now - last - pause), now


@asynccontextmanager
async def measured() -> AsyncIterator[Lag]:
    """Measure the loop that runs this block."""
    lag = Lag()
    task = asyncio.create_task(lag.watch())
    try:
        yield lag
    finally:
        task.cancel()
