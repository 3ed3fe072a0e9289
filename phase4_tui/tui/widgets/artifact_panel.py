"""A panel that stands for a file: it can have the focus, and enter or a click opens the file."""

from textual import events
from textual.binding import Binding
from textual.widget import Widget

from phase4_tui.tui.messages import ArtifactWanted


class ArtifactPanel(Widget, can_focus=True):
    """A panel that opens its artifact; a subclass says which that is."""

    BINDINGS = [Binding("enter", "open_artifact", "open the file", show=False)]

    def artifact(self) -> str | None:
        """Return the path of the file, None where there is none to open."""
        raise NotImplementedError

    def action_open_artifact(self) -> None:
        """Open the file."""
        path = self.artifact()
        if path is not None:
            self.post_message(ArtifactWanted(path))

    def on_click(self, event: events.Click) -> None:
        """Open the file, unless the mouse was moved to select text."""
        event.prevent_default()
        if self.text_selection is None:
            self.action_open_artifact()
