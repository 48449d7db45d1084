"""Commands of ``make``."""

import local  # noqa: F401 - Ctrl-C ends a command without a traceback
