"""What every screen has in common: keys that are typed ahead may leave it before it was built."""

from textual import events
from textual.widget import Widget


class Leavable(Widget):
    """A screen that is neither filled nor fitted any more once it was left: its widgets are not there then."""

    async def on_event(self, event: events.Event) -> None:
        """Process an event, for a screen that was left only what ends it."""
        if self.display or not isinstance(event, events.Mount | events.Resize):  # what is being removed has no display
            await super().on_event(event)
