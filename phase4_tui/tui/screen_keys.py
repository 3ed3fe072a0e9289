"""How the keys of a screen's own bindings are written in its lines of help."""

from textual.binding import Binding
from textual.dom import DOMNode

from phase4_tui.console.key_names import shown_key


def own_key(screen: type[DOMNode], action: str) -> str:
    """Return how the key of one of a screen's own bindings is written."""
    found = (binding for binding in screen.BINDINGS if isinstance(binding, Binding) and binding.action == action)
    return shown_key(next(found).key.partition(",")[0])
