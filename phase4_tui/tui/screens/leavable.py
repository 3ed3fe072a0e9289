"""What every screen has in common: keys that are typed ahead may leave it before it was built."""

from textual import events
from textual.dom import DOMNode
from textual.message_pump import MessagePump


class Leavable(MessagePump):
    """A screen that is neither filled nor fitted any more once it was left: its widgets are not there then.

    It is no DOM node by itself: Textual takes the styles of a class from its first base that is one.
    """

    async def on_event(self, event: events.Event) -> None:
        """Process an event, for a screen that was left only what ends it."""
        left = isinstance(self, DOMNode) and not self.display  # so is what is being removed
        if not left or not isinstance(event, events.Mount | events.Resize):
            await super().on_event(event)
