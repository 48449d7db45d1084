"""``make mutants``: changes the pure rules in a thousand small ways, and counts how many their own tests notice.

mutmut works in ``mutants/``. A module of which less than ``LEAST`` of the changes are noticed fails the command;
``.venv/bin/mutmut show <name>`` shows a change that survived.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
LEAST = 0.8
_NOTICED = ("killed", "timeout", "caught by type check", "segfault", "suspicious")
_RESULT = re.compile(r"^\s*(?P<module>[\w.]+)\.\S+__mutmut_\d+: (?P<verdict>[\w ]+)$")


def count(results: str) -> dict[str, Counter[str]]:
    """The verdicts of each module's changes, from what ``mutmut results --all true`` prints."""
    found: dict[str, Counter[str]] = {}
    for line in results.splitlines():
        match = _RESULT.match(line)
        if match:
            found.setdefault(match["module"], Counter())[match["verdict"]] += 1
    return found


def share_noticed(verdicts: Counter[str]) -> float:
    """Which share of the changes some test noticed."""
    noticed = sum(verdicts[verdict] for verdict in _NOTICED)
    return noticed / verdicts.total()


def main() -> int:
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    subprocess.run([mutmut, "run"], cwd=ROOT, check=False)
    listed = subprocess.run([mutmut, "results", "--all", "true"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = count(listed.stdout)
    if not found:
        print("mutmut has changed nothing: see what it printed above", file=sys.stderr)
        return 1
    weak = []
    print()
    for module, verdicts in sorted(found.items()):
        share = share_noticed(verdicts)
        survived = verdicts.total() - round(share * verdicts.total())
        print(f"{module:<40} {share:>6.1%}  {survived} of {verdicts.total()} unnoticed")
        if share < LEAST:
            weak.append(module)
    if weak:
        print(f"\ntoo weakly tested (at least {LEAST:.0%}): {', '.join(weak)}", file=sys.stderr)
    return int(bool(weak))


if __name__ == "__main__":
    sys.exit(main())
