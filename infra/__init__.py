"""Everything that is deployed, and the commands that deploy it."""

import local  # noqa: F401 - Ctrl-C ends a command without a traceback
