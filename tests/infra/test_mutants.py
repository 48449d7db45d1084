"""What ``make mutants`` makes of the verdicts that mutmut prints."""

from __future__ import annotations

from collections import Counter

from tools import mutants

PRINTED = """
    chalicelib.payments.rules.x_check_digit__mutmut_1: killed
    chalicelib.payments.rules.x_check_digit__mutmut_2: survived
    chalicelib.payments.rules.xǁChargeǁtotal__mutmut_1: timeout
    chalicelib.kernel.graph.xǁGraphǁmove__mutmut_3: no tests
2 of 3
"""


def test_verdicts_are_counted_by_module() -> None:
    found = mutants.count(PRINTED)
    assert found == {
        "chalicelib.payments.rules": Counter({"killed": 1, "survived": 1, "timeout": 1}),
        "chalicelib.kernel.graph": Counter({"no tests": 1}),
    }
    assert mutants.share_noticed(found["chalicelib.payments.rules"]) == 2 / 3
    assert mutants.share_noticed(found["chalicelib.kernel.graph"]) == 0
