"""``python -m demo``: all parts, one after the other."""

from __future__ import annotations

import sys

from demo import journey
from demo.client import OUTPUT, Demo
from local import environment as environments


def main() -> int:
    journey.play(Demo(environments.default()))
    print(f"\nPDF and PNG files are in {OUTPUT.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
