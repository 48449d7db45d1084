"""What both payment platforms do alike: trades, refunds, and notifications that are lost, doubled, late or forged.

The payer's app is a control (``pay``). Notifications stand in a queue and are sent when their time has come, again
and again after the platform's own table until they are taken in; each kind of trouble can be ordered for one trade
or drawn by chance from a seed.
"""

from __future__ import annotations

import heapq
import http.client
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib.kernel import clock
from local.simulators.base import Simulator

NOTICE_FAULTS = ("lost", "doubled", "late", "forged")
_LATE_SECONDS = (30, 1200)
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(kw_only=True)
class Refund:
    """A refund as the platform keeps it."""

    no: str
    id: str
    amount: int
    state: str
    asked_at: datetime
    done_at: datetime | None = None


@dataclass(kw_only=True)
class Trade:
    """A payment order as the platform keeps it."""

    no: str
    amount: int
    payer: str
    wanted: dict[str, Any]
    expires_at: datetime
    notify_url: str
    state: str = "NOTPAY"
    prepay: str = ""
    transaction_id: str = ""
    paid: int = 0
    paid_at: datetime | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds.values() if refund.state not in ("CLOSED",))


@dataclass(order=True, kw_only=True)
class Notification:
    """A notification that waits for its next try; ``forged`` ones must be refused."""

    due: float
    place: int
    trade: Trade = field(compare=False)
    refund: Refund | None = field(compare=False)
    tries: int = field(compare=False, default=0)
    forged: str = field(compare=False, default="")


Send = Callable[[str, dict[str, str], bytes], tuple[int, bytes]]


class Cashier(Simulator):
    """Base of the payment platforms."""

    retries: tuple[int, ...] = ()
    forgeries: tuple[str, ...] = ("signature",)

    def __init__(self) -> None:
        super().__init__()
        self.trades: dict[str, Trade] = {}
        self.send: Send = send_over_loopback
        self.sent = self.forged_refused = self.forged_accepted = 0
        self.notice_rates: dict[str, float] = {}
        self.refund_outcomes: list[str] = []
        self.commission = 0
        self._waiting: list[Notification] = []
        self._places = itertools.count()
        # Platforms never give a number twice, also not after a restart of this simulator on the same day.
        self._serial = itertools.count(secrets.randbelow(10**13))
        self._factor = 1.0
        self.bills_at_once = False
        self.controls |= {
            "pay": self._pay,
            "trades": self._show,
            "notification_faults": self._set_notice_faults,
            "deliver": lambda _: {"delivered": self.deliver()},
            "refund_outcomes": self._script_refunds,
            "finish_refund": self._finish_refund,
            "refund": self._refund_by_hand,
            "reset": lambda _: self.reset(),
            "speed": self._set_speed,
            "commission": self._set_commission,
            "bills": self._make_bills,
        }

    def reset(self) -> dict[str, Any]:
        """Forget all trades, what waits, and every trouble that was ordered."""
        self._reset_faults({})
        self.trades.clear()
        self._waiting.clear()
        self.refund_outcomes.clear()
        self.notice_rates.clear()
        self.sent = self.forged_refused = self.forged_accepted = self.commission = 0
        self._factor = 1.0
        self.bills_at_once = False
        return {}

    # what people do

    def _pay(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"order_no": ..., "notice": "normal" | a fault, "force": false, "amount": fen}``

        ``force`` pays what is closed or expired, ``amount`` another sum: what must not happen, and does.
        """
        trade = self.trades[wanted["order_no"]]
        force = wanted.get("force", False)
        if not force and (trade.state != "NOTPAY" or clock.now() >= trade.expires_at):
            raise ValueError(f"the trade cannot be paid: {trade.state}")
        trade.state, trade.paid = "SUCCESS", int(wanted.get("amount", trade.amount))
        trade.paid_at = clock.local(clock.now())
        trade.transaction_id = self.new_transaction_id()
        self.notify(trade, None, wanted.get("notice", ""))
        return self.shown(trade)

    def new_transaction_id(self) -> str:
        return f"{clock.local(clock.now()):%Y%m%d}{next(self._serial):014d}{self.random.randrange(10**6):06d}"

    def shown(self, trade: Trade) -> dict[str, Any]:
        return {
            "order_no": trade.no,
            "state": trade.state,
            "amount": trade.amount,
            "transaction": trade.transaction_id,
            "refunded": trade.refunded,
        }

    def _show(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"trades": [self.shown(trade) for trade in self.trades.values()], "waiting": len(self._waiting)}

    def _script_refunds(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"outcomes": ["ABNORMAL", "SUCCESS"]}``: how the next refunds end."""
        self.refund_outcomes += wanted["outcomes"]
        return wanted

    def _finish_refund(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"refund_no": ..., "outcome": "SUCCESS", "notice": ""}``: how a refund that was on its way ends."""
        trade = next(trade for trade in self.trades.values() if wanted["refund_no"] in trade.refunds)
        refund = trade.refunds[wanted["refund_no"]]
        self.end_refund(trade, refund, wanted["outcome"])
        self.notify(trade, refund, wanted.get("notice", ""))
        return self.shown(trade)

    def _refund_by_hand(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"order_no": ..., "amount": fen}``: a refund made on the merchant site, which no program asked for."""
        trade, number = self.trades[wanted["order_no"]], f"hand{self.random.getrandbits(40)}"
        self.start_refund(trade, number, int(wanted["amount"]), number)
        return self.shown(trade)

    def _set_commission(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"basis_points": 60}``: the platform's share, as its bill shows it."""
        self.commission = int(wanted["basis_points"])
        return wanted

    def _make_bills(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"at_once": true}``: bills need not wait for the next morning."""
        self.bills_at_once = bool(wanted["at_once"])
        return wanted

    def is_bill_ready(self, day: str) -> bool:
        """Bills are made at ten in the morning of the next day."""
        made = datetime.fromisoformat(day).replace(tzinfo=clock.SHANGHAI) + timedelta(days=1, hours=10)
        return self.bills_at_once or clock.now() >= made

    def fee(self, amount: int) -> int:
        return amount * self.commission // 10_000

    # notifications

    def _set_notice_faults(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"lost": 0.1, "doubled": 0.2, "late": 0.1, "forged": 0.05}``: chances for each notification."""
        if unknown := set(wanted) - set(NOTICE_FAULTS):
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        self.notice_rates = dict(wanted)
        return wanted

    def _set_speed(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"factor": 60}``: retries come that many times sooner."""
        self._factor = float(wanted["factor"])
        return wanted

    def notify(self, trade: Trade, refund: Refund | None, fault: str = "") -> None:
        """Queue a notification with the trouble that is ordered (``forged:serial`` names the forgery) or drawn."""
        drawn = {name for name, rate in self.notice_rates.items() if self.random.random() < rate}
        fault, _, forgery = fault.partition(":")
        faults = {fault} if fault else drawn
        if "forged" in faults:
            kinds = [kind for kind in self.forgeries if refund is None or kind != "app"]  # refunds name no app
            self._queue(trade, refund, 0, forged=forgery or self.random.choice(kinds))
        if "lost" in faults:
            return
        delay = self.random.randint(*_LATE_SECONDS) if "late" in faults else 0
        for _ in range(3 if "doubled" in faults else 1):
            self._queue(trade, refund, delay)

    def _queue(self, trade: Trade, refund: Refund | None, delay: float, tries: int = 0, forged: str = "") -> None:
        due = clock.now().timestamp() + delay / self._factor
        heapq.heappush(
            self._waiting,
            Notification(due=due, place=next(self._places), trade=trade, refund=refund, tries=tries, forged=forged),
        )

    def deliver(self) -> int:
        """Send what is due; what is not taken in waits for its next try. How many were sent."""
        count = 0
        while True:
            with self.lock:
                if not self._waiting or self._waiting[0].due > clock.now().timestamp():
                    return count
                waiting = heapq.heappop(self._waiting)
            count += 1
            self._send_one(waiting)

    def _send_one(self, waiting: Notification) -> None:
        headers, body = self.letter(waiting)
        self.sent += 1
        status, answer = self.send(waiting.trade.notify_url, headers, body)
        taken = self.is_taken(status, answer)
        if waiting.forged:
            self.forged_accepted += taken
            self.forged_refused += not taken
        elif not taken and waiting.tries < len(self.retries):
            with self.lock:
                self._queue(waiting.trade, waiting.refund, self.retries[waiting.tries], waiting.tries + 1)

    def letter(self, waiting: Notification) -> tuple[dict[str, str], bytes]:
        """Headers and body of a notification, signed now."""
        raise NotImplementedError

    def is_taken(self, status: int, answer: bytes) -> bool:
        raise NotImplementedError

    # refunds

    def start_refund(self, trade: Trade, no: str, amount: int, refund_id: str) -> Refund:
        """A new refund; how it ends is scripted, or a success."""
        outcome = self.refund_outcomes.pop(0) if self.refund_outcomes else "SUCCESS"
        made = Refund(no=no, id=refund_id, amount=amount, state="PROCESSING", asked_at=clock.local(clock.now()))
        trade.refunds[no] = made
        if outcome != "PROCESSING":
            self.end_refund(trade, made, outcome)
        return made

    def end_refund(self, trade: Trade, refund: Refund, outcome: str) -> None:
        refund.state = outcome
        if outcome == "SUCCESS":
            refund.done_at = clock.local(clock.now())

    def paid_on(self, day: str) -> list[Trade]:
        """The trades paid on a date, for the bill."""
        return [trade for trade in self.trades.values() if trade.paid_at and str(trade.paid_at.date()) == day]

    def refunds_on(self, day: str) -> list[tuple[Trade, Refund]]:
        return [
            (trade, refund)
            for trade in self.trades.values()
            for refund in trade.refunds.values()
            if refund.done_at and str(refund.done_at.date()) == day
        ]


def send_over_loopback(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """POST to a server on this machine; no answer counts as 599."""
    place = urlsplit(url)
    if place.hostname not in _LOOPBACK:
        return 599, b""
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    try:
        connection.request("POST", place.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 599, b""
    finally:
        connection.close()
