"""Work off the event loop, in a thread that never delays the application's end."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
Stop = Callable[[], bool]
"""True once nobody wants the result any more."""


async def in_background(work: Callable[[Stop], T]) -> T:
    """Return what `work` returns or raise what it raises; after a cancellation its `Stop` returns True.

    A daemon thread, since the application's end waits for pool threads, and hashing may take minutes.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()
    stop = threading.Event()

    def settle(result: Callable[[], None]) -> None:
        if not answer.done():
            result()

    def run() -> None:
        try:
            value = work(stop.is_set)
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            failure = error
            tell(lambda: answer.set_exception(failure))
        else:
            tell(lambda: answer.set_result(value))

    def tell(result: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the application has ended
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name="looking", daemon=True).start()
    try:
        return await answer
    finally:
        stop.set()
