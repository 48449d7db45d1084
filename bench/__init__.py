"""Measurements: ``make bench`` prints them as a table and writes ``bench/results/``."""

import infra  # noqa: F401 - Ctrl-C ends a command without a traceback
