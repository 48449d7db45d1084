"""Sends every probe to a stage: ``python -m tests.attacks https://test.example.gov.cn``; exit code 1 for any fault."""

from __future__ import annotations

import sys

import urllib3

from tests.attacks.probes import Heard, Probe, all_probes, faults

_SECONDS = 10.0


def send(pool: urllib3.PoolManager, address: str, probe: Probe) -> Heard:
    """The answer of a stage to a probe; its path is sent as it is written."""
    headers = {"Content-Type": "application/json", **probe.headers} if probe.body is not None else dict(probe.headers)
    answer = pool.request(
        probe.method,
        address + probe.path,
        body=probe.body,
        headers=headers,
        redirect=False,
        retries=False,
        timeout=_SECONDS,
    )
    return Heard(status=answer.status, headers=dict(answer.headers), text=answer.data.decode(errors="replace"))


def attack(address: str) -> list[str]:
    """Send every probe; what is wrong, as ``name: fault``."""
    pool = urllib3.PoolManager()
    found = []
    for probe in all_probes():
        try:
            heard = send(pool, address.rstrip("/"), probe)
        except urllib3.exceptions.HTTPError as error:
            found.append(f"{probe.name}: no answer ({type(error).__name__})")
            continue
        found += [f"{probe.name}: {fault}" for fault in faults(probe, heard)]
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0].startswith("http"):
        print(
            "usage: python -m tests.attacks https://test.example.gov.cn (a test stage, not the city's)", file=sys.stderr
        )
        return 2
    found = attack(arguments[0])
    print("\n".join(found) or f"{len(all_probes())} 项攻击均被正确应答 attacks were answered as they should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
