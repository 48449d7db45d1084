"""Everything that is deployed, and the commands that deploy it. Importing it makes Ctrl-C end any command quietly."""

from infra import interrupts

interrupts.end_quietly()
