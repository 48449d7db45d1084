"""The embedded environment of ``make run``. Importing it makes Ctrl-C end any command without a traceback."""

from local import interrupts

interrupts.end_quietly()
