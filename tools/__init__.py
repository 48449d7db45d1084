"""Commands of ``make``."""

import infra  # noqa: F401 - Ctrl-C ends a command without a traceback
