"""The embedded environment of ``make run``."""

import infra  # noqa: F401 - Ctrl-C ends a command without a traceback
