"""What Ctrl-C does to a command: it ends, and says so in one line."""

from __future__ import annotations

import sys
from types import TracebackType


def end_quietly() -> None:
    """Show no traceback when Ctrl-C ends this process; other errors are shown as always."""
    sys.excepthook = _show


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("\nstopped", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
