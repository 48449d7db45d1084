"""A parcel company behind an API: orders, fees, tracks, and pushes that come late, twice, disordered or not at all.

Contract: docs/delivery.md. The same order number always finds the first order.
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import urllib3

from chalicelib.kernel import clock
from chalicelib.platforms.carrier import PUSH_PATH, TrackState
from chalicelib.platforms.signed import signature
from local.simulators.signed import SignedSimulator

JOURNEY = ("accepted", "handed_over", "in_transit", "delivered")
FORGERIES = ("signature", "time", "content")
_BASE, _PER_KILOGRAM = 1800, 600
_FAR = 600
Send = Callable[[str, dict[str, str], bytes], tuple[int, bytes]]


def _post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    answer = urllib3.request("POST", url, headers=headers, body=body, timeout=5, retries=False)
    return answer.status, answer.data


class Carrier(SignedSimulator):
    """``orders`` maps order numbers to what was ordered; ``pushes`` are the reports that wait to be sent."""

    def __init__(self, client_id: str, secret: str, push_url: str) -> None:
        super().__init__(client_id, secret)
        self.send: Send = _post
        self._push_url = push_url + PUSH_PATH
        self.orders: dict[str, dict[str, Any]] = {}
        self.pushes: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self._numbers, self._reports = itertools.count(1), itertools.count(1)
        self._habits: dict[str, float] = {}
        self.controls |= {
            "orders": lambda _: {"orders": self.orders},
            "report": self._report,
            "journey": self._journey,
            "habits": self._set_habits,
            "forge": self._forge,
        }

    def reset(self) -> None:
        self.pushes.clear()
        self.refused.clear()
        self._habits.clear()

    def execute(self, path: str, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/v1/orders":
            order = self.orders.setdefault(wanted["order"], {"wanted": wanted, "tracks": []})
            order.setdefault("waybill", f"EX{next(self._numbers):09d}CN")
            routing = f"{wanted['division'][:2]}-{wanted['division'][2:]}-A{int(wanted['division']) % 7 + 1}"
            return 200, {
                "waybill": order["waybill"],
                "routing": routing,
                "fee": self._fee(wanted["division"], wanted["grams"]),
            }
        if path == "/v1/fees":
            return 200, {"fee": self._fee(wanted["division"], wanted["grams"])}
        if path == "/v1/tracks":
            return 200, {"tracks": self.orders.get(wanted["order"], {}).get("tracks", [])}
        return 404, {"error": "no such path"}

    @staticmethod
    def _fee(division: str, grams: int) -> int:
        return _BASE + (0 if division.startswith("32") else _FAR) + _PER_KILOGRAM * (grams // 1000)

    def _report(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"order": ..., "state": ..., "note": "", "minutes_ago": 0}``: a scan, which is pushed."""
        if wanted["state"] not in get_args(TrackState):
            raise ValueError(f"state is one of {', '.join(get_args(TrackState))}")
        order = self.orders[wanted["order"]]
        at = clock.local(clock.now() - timedelta(minutes=wanted.get("minutes_ago", 0)))
        track = {
            "id": f"T{next(self._reports):08d}",
            "order": wanted["order"],
            "state": wanted["state"],
            "at": at.isoformat(),
            "note": wanted.get("note", ""),
        }
        order["tracks"].append(track)
        self._queue(track)
        return track

    def _journey(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"order": ..., "states": [...]}``: several scans, an hour apart, the last one now."""
        states = wanted.get("states", JOURNEY)
        for place, state in enumerate(states):
            self._report({"order": wanted["order"], "state": state, "minutes_ago": 60 * (len(states) - 1 - place)})
        return {"pushes": len(self.pushes)}

    def _set_habits(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"seed": 7, "lost": 0.1, "repeated": 0.3, "disordered": 1}``: how pushes go wrong."""
        self.random.seed(wanted["seed"])
        self._habits = {name: float(wanted.get(name, 0)) for name in ("lost", "repeated", "disordered")}
        return wanted

    def _queue(self, track: dict[str, Any]) -> None:
        if self.random.random() < self._habits.get("lost", 0):
            return
        copies = 2 if self.random.random() < self._habits.get("repeated", 0) else 1
        self.pushes += [dict(track) for _ in range(copies)]
        if self.random.random() < self._habits.get("disordered", 0):
            self.random.shuffle(self.pushes)

    def _forge(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"kind": one of FORGERIES, "order": ...}``: a push that is not the company's; how it was answered."""
        if wanted["kind"] not in FORGERIES:
            raise ValueError(f"kind is one of {', '.join(FORGERIES)}")
        moment = clock.now() - timedelta(minutes=10 if wanted["kind"] == "time" else 0)
        track = {"id": "F1", "order": wanted["order"], "state": "delivered", "at": clock.local(moment).isoformat()}
        body = json.dumps({"delivered": True} if wanted["kind"] == "content" else track).encode()
        status, answer = self._push(body, clock.seconds(moment), tampered=wanted["kind"] == "signature")
        return {"status": status, "answer": answer.decode()}

    def deliver(self) -> int:
        """Send the pushes that wait; one that is not answered with success comes again. How many were sent."""
        with self.lock:
            waiting, self.pushes = self.pushes, []
        for track in waiting:
            status, _ = self._push(json.dumps(track).encode(), clock.seconds(clock.now()))
            if status >= 500 or status == 409:
                self.pushes.append(track)
            elif status != 200:
                self.refused.append(track)
        return len(waiting)

    def _push(self, body: bytes, timestamp: int, *, tampered: bool = False) -> tuple[int, bytes]:
        nonce = secrets.token_hex(16)
        signed = signature(self._secret, "POST", PUSH_PATH, str(timestamp), nonce, body)
        headers = {
            "content-type": "application/json",
            "x-timestamp": str(timestamp),
            "x-nonce": nonce,
            "x-signature": "0" * 64 if tampered else signed,
        }
        try:
            return self.send(self._push_url, headers, body)
        except urllib3.exceptions.HTTPError:
            return 503, b""
