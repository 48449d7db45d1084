"""How a result reaches its recipient, and originals the hall: states, codes, routes, promises. Pure.

One table says who may move a parcel from where to where. ``two_scans`` is neither side alone: giver and taker have each
scanned the other's code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.delivery import events
from chalicelib.kernel.clock import Calendar
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

ELECTRONIC = "electronic"
PICK_UP = "pick_up"
COURIER = "courier"
OUT = "out"
IN = "in"
CREATED = "created"
READY = "ready"
OFFERED = "offered"
ACCEPTED = "accepted"
HANDED_OVER = "handed_over"
IN_TRANSIT = "in_transit"
DELIVERED = "delivered"
ATTEMPT_FAILED = "attempt_failed"
RETURNED = "returned"
LOST = "lost"
REPLACED = "replaced"
CANCELLED = "cancelled"
DISPUTED = "disputed"
ON_THE_WAY = (HANDED_OVER, IN_TRANSIT, ATTEMPT_FAILED)
WITH_CARRIER = (ACCEPTED, *ON_THE_WAY)
ENDED = (DELIVERED, REPLACED, CANCELLED)
BY_ARRIVAL = "arrival"
BY_ROUTE = "route"
TO_PACK = "to_pack"
TO_COLLECT = "to_collect"
AS_PROMISED = "as_promised"
BOOK = "book"
ASK = "ask"
CARRIERS_DESK = "CARRIER"
ENDED_DESK = "ENDED"
MOST_MISSES = 5
MOST_ADDRESSES = 20
MOST_IN_PARCEL = 20
MOST_IN_HANDOVER = 40
HANDOVER_LIFE = timedelta(minutes=30)
CODE_LIFE = timedelta(minutes=3)
ASKED_EVERY = timedelta(hours=6)

SHIPMENT_STATE = ErrorCode(
    "shipment_wrong_state",
    409,
    zh="快递件当前状态为“{state_zh}”，不能进行此操作",
    en="The parcel is “{state}”; not possible now",
)
HANDOVER_STATE = ErrorCode(
    "handover_wrong_state",
    409,
    zh="交接单当前状态为“{state_zh}”，不能进行此操作",
    en="The hand-over is “{state}”; not possible now",
)
SHIPMENT_TAKEN = ErrorCode(
    "shipment_taken", 409, zh="此件已由其他快递员接单", en="Another courier has taken this parcel"
)
PARCEL_GONE = ErrorCode(
    "parcel_gone",
    409,
    zh="快递件 {parcels} 已不在此处或已变更，请移出后重新交接",
    en="Parcels {parcels} are not here any more or have changed; take them out and hand over again",
)
CODE_WRONG = ErrorCode(
    "code_wrong",
    422,
    zh="取件码不正确，请核对大厅、取件码和手机尾号",
    en="The code is not right; check hall, code and the phone's last digits",
)
CODE_USED = ErrorCode(
    "code_used", 409, zh="此件已被领取，取件码不能再用", en="The parcel is collected; the code is used up"
)
CODE_LOCKED = ErrorCode(
    "code_locked",
    409,
    zh="错误次数过多，此码已锁定，请收件人重新获取",
    en="Too many wrong tries; the code is locked, the recipient gets a new one",
)
WRONG_STATION = ErrorCode(
    "wrong_station", 409, zh="此件在“{hall_zh}”，请到该大厅领取", en="The parcel is at {hall_en}; collect it there"
)
COLLECTOR_NEEDED = ErrorCode(
    "collector_id_needed",
    409,
    zh="收件人指定了代领人，请核验到场人的身份证号",
    en="The recipient named somebody to collect it; enter the ID number of the person who is here",
)
COLLECTOR_MISMATCH = ErrorCode(
    "collector_mismatch", 403, zh="到场人不是指定的代领人", en="The person who is here is not the one named"
)
MODE_NOT_OFFERED = ErrorCode(
    "delivery_mode_not_offered",
    422,
    zh="此事项不提供该送达方式，可选：{modes}",
    en="The service does not deliver that way; it offers: {modes}",
)
HALL_NOT_POSSIBLE = ErrorCode(
    "hall_does_not_hand_out", 422, zh="该大厅不办理此事项，不能领取", en="That hall does not handle the service"
)
NO_CARRIER = ErrorCode(
    "no_carrier", 422, zh="该地址暂无快递服务，请选择自取", en="No carrier goes there; choose to pick it up"
)
NOT_ON_DELIVERY = ErrorCode(
    "cash_on_delivery_not_offered",
    422,
    zh="该快递不支持到付，请选择预付邮费",
    en="This carrier does not take money at the door; pay the postage before",
)
ADDRESS_INVALID = ErrorCode(
    "address_invalid", 422, zh="地址填写有误，请按提示修改", en="The address is not right; see the fields"
)
ADDRESS_UNKNOWN = ErrorCode("address_unknown", 422, zh="地址簿中没有此地址", en="There is no such address in the book")
ADDRESS_BOOK_FULL = ErrorCode(
    "address_book_full", 409, zh="地址簿最多 {most} 条，请先删除", en="The book holds {most}; remove one first"
)
TOO_LATE_TO_CHANGE = ErrorCode(
    "too_late_to_change", 409, zh="结果已寄出或已领取，不能再更改", en="The result is on its way or handed out"
)
HANDOVER_CODE_WRONG = ErrorCode(
    "handover_code_wrong",
    422,
    zh="交接码无效、已过期或不属于此交接单，请对方重新出示",
    en="The code is not genuine, too old or of another hand-over; let the other side show a new one",
)
POSTAGE_DIFFERS = ErrorCode(
    "postage_differs",
    422,
    zh="到付邮费应为 {amount} 分，请核对实收金额",
    en="The postage to collect is {amount} fen; check what was received",
)
PROOF_NEEDED = ErrorCode(
    "proof_needed",
    422,
    zh="请输入签收码、扫描收件人屏幕、核对身份证或登记代收人（只选一种）；手写签名不能代替",
    en="Give one of: the code, a scan of the screen, the ID card, with whom it was left; a signature is none of them",
)
NOT_ALL_PRINTED = ErrorCode(
    "results_not_printed",
    409,
    zh="请先打印全部结果：还有 {missing} 份未打印",
    en="Print all results first: {missing} are missing",
)
NOT_IN_PARCEL = ErrorCode("result_not_in_parcel", 422, zh="此结果不在该件中", en="That result is not in this parcel")
NO_MORE_TRIES = ErrorCode(
    "no_more_tries",
    409,
    zh="已派送 {tries} 次，请将此件退回大厅",
    en="It was tried {tries} times; bring the parcel back to the hall",
)
POSTAGE_UNPAID = ErrorCode("shipment_postage_unpaid", 409, zh="邮费尚未支付", en="The postage is not paid yet")
CARRIER_DIFFERS = ErrorCode(
    "carrier_differs",
    422,
    zh="新地址由其他快递承运，请改为到大厅自取",
    en="Another carrier goes to that address; choose to pick the parcel up at the hall",
)
PUSH_REFUSED = ErrorCode("carrier_push_refused", 400, zh="签名无效", en="The signature is not valid")
PARCEL_UNKNOWN = ErrorCode("parcel_unknown", 404, zh="没有此快递件", en="There is no such parcel")

DISPUTE_OVER = ErrorCode(
    "dispute_too_late",
    409,
    zh="异议期为送达后 {days} 天，已过；请联系大厅",
    en="A delivery can be disputed for {days} days, which are over; ask the hall",
)
SCREEN_INVALID = ErrorCode(
    "screen_code_invalid",
    422,
    zh="屏幕上的码无效或已过期，请收件人重新打开页面",
    en="The code on the screen is not valid, or too old; the recipient opens the page again",
)
CARD_DIFFERS = ErrorCode(
    "recipient_card_differs",
    422,
    zh="证件不是收件人或其指定的代收人的",
    en="The document is neither the recipient's nor of whom they have named",
)
LEAVING_REFUSED = ErrorCode(
    "leaving_not_allowed",
    409,
    zh="此件须本人签收：请出示取件码、扫描收件人屏幕或核对身份证",
    en="It must be received in person: by the code, a scan of the screen, or the ID card",
)
PARCEL_STOPPED = ErrorCode(
    "parcel_stopped",
    409,
    zh="件内证照已撤销、暂停使用或重新打印，停止发放，请退回大厅",
    en="A certificate in the parcel was revoked, suspended or printed again: it goes back to the hall",
)
SCREEN_LASTS = timedelta(minutes=5)
SHIPMENTS = Graph(
    (
        Edge("create", NEW, CREATED, by=("system", "supervisor"), event=events.SHIPMENT_CREATED),
        Edge("pack", CREATED, READY, by=("clerk",), event=events.SHIPMENT_READY),
        Edge("offer", CREATED, OFFERED, by=("system",), event=events.SHIPMENT_OFFERED),
        Edge("offer", READY, OFFERED, by=("system", "clerk"), event=events.SHIPMENT_OFFERED),
        Edge("accept", OFFERED, ACCEPTED, by=("courier", "carrier"), event=events.SHIPMENT_ACCEPTED),
        Edge("release", ACCEPTED, OFFERED, by=("courier",), event=events.SHIPMENT_RELEASED),
        Edge("recall", READY, RETURNED, by=("clerk",), event=events.SHIPMENT_RECALLED),
        Edge("recall", OFFERED, RETURNED, by=("clerk", "system"), event=events.SHIPMENT_RECALLED),
        Edge("recall", ACCEPTED, RETURNED, by=("clerk", "system"), event=events.SHIPMENT_RECALLED),
        Edge("hand_over", ACCEPTED, HANDED_OVER, by=("two_scans", "carrier"), event=events.SHIPMENT_HANDED_OVER),
        Edge("depart", HANDED_OVER, IN_TRANSIT, by=("courier", "carrier"), event=events.SHIPMENT_DEPARTED),
        Edge("deliver", IN_TRANSIT, DELIVERED, by=("courier", "carrier", "two_scans"), event=events.SHIPMENT_DELIVERED),
        Edge("deliver", HANDED_OVER, DELIVERED, by=("two_scans",), event=events.SHIPMENT_DELIVERED),
        Edge("leave", IN_TRANSIT, DELIVERED, by=("courier",), event=events.SHIPMENT_LEFT),
        Edge("dispute", DELIVERED, DISPUTED, by=("recipient",), event=events.SHIPMENT_DISPUTED),
        Edge("take_back", DELIVERED, DISPUTED, by=("carrier",), event=events.SHIPMENT_TAKEN_BACK),
        Edge("uphold", DISPUTED, DELIVERED, by=("supervisor",), event=events.DISPUTE_UPHELD),
        Edge("find", DISPUTED, RETURNED, by=("supervisor",), event=events.SHIPMENT_FOUND),
        Edge("lose", DISPUTED, LOST, by=("supervisor",), event=events.SHIPMENT_LOST),
        Edge("fail", IN_TRANSIT, ATTEMPT_FAILED, by=("courier", "carrier"), event=events.SHIPMENT_ATTEMPT_FAILED),
        Edge("retry", ATTEMPT_FAILED, IN_TRANSIT, by=("courier", "carrier"), event=events.SHIPMENT_RETRIED),
        Edge("bring_back", HANDED_OVER, RETURNED, by=("two_scans", "carrier"), event=events.SHIPMENT_RETURNED),
        Edge("bring_back", IN_TRANSIT, RETURNED, by=("two_scans", "carrier"), event=events.SHIPMENT_RETURNED),
        Edge("bring_back", ATTEMPT_FAILED, RETURNED, by=("two_scans", "carrier"), event=events.SHIPMENT_RETURNED),
        Edge("offer", RETURNED, OFFERED, by=("system", "clerk"), event=events.SHIPMENT_OFFERED),
        Edge("keep", RETURNED, READY, by=("clerk", "recipient"), event=events.SHIPMENT_KEPT_AT_HALL),
        Edge("collect", READY, DELIVERED, by=("clerk",), event=events.SHIPMENT_COLLECTED),
        Edge("lose", HANDED_OVER, LOST, by=("supervisor", "carrier"), event=events.SHIPMENT_LOST),
        Edge("lose", IN_TRANSIT, LOST, by=("supervisor", "carrier"), event=events.SHIPMENT_LOST),
        Edge("lose", ATTEMPT_FAILED, LOST, by=("supervisor", "carrier"), event=events.SHIPMENT_LOST),
        Edge("find", LOST, RETURNED, by=("supervisor",), event=events.SHIPMENT_FOUND),
        Edge("arrive", LOST, DELIVERED, by=("supervisor",), event=events.SHIPMENT_FOUND),
        Edge("replace", LOST, REPLACED, by=("supervisor",), event=events.SHIPMENT_REPLACED),
        Edge("cancel", CREATED, CANCELLED, by=("clerk",), event=events.SHIPMENT_CANCELLED),
        Edge("cancel", OFFERED, CANCELLED, by=("recipient",), event=events.SHIPMENT_CANCELLED),
        Edge("cancel", RETURNED, CANCELLED, by=("clerk",), event=events.SHIPMENT_CANCELLED),
    ),
    SHIPMENT_STATE,
    {
        CREATED: "待打包", READY: "已备好", OFFERED: "待接单", ACCEPTED: "已接单", HANDED_OVER: "已交接",
        IN_TRANSIT: "派送中", DELIVERED: "已送达", ATTEMPT_FAILED: "派送未成功", RETURNED: "已退回大厅",
        LOST: "已遗失", REPLACED: "已补发", CANCELLED: "已取消",
        DISPUTED: "有异议，核实中",
    },
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What follows from a parcel's state.

    ``desk``: the list on which the parcel stands, in the order of ``sorted_by``. ``limit``: which limit runs, after
    which the parcel is late. ``carrier_work``: what is left to do with a company behind an API. ``stays_late``: a
    parcel that was late on the way stays so. ``promise_begins``: the day by which it will be there counts from now.
    ``leaves_courier``: no courier has it any more. ``is_end``: nothing follows. Who is told stands at the events.
    """

    desk: str
    sorted_by: str = BY_ARRIVAL
    limit: str = ""
    carrier_work: str = ""
    stays_late: bool = False
    promise_begins: bool = False
    leaves_courier: bool = False
    is_end: bool = False


CONSEQUENCES = {
    CREATED: Consequence(desk="PACK", limit=TO_PACK),
    READY: Consequence(desk="READY", limit=TO_COLLECT),
    OFFERED: Consequence(desk="OFFERED", sorted_by=BY_ROUTE, limit=TO_PACK, carrier_work=BOOK, leaves_courier=True),
    ACCEPTED: Consequence(desk=CARRIERS_DESK, sorted_by=BY_ROUTE, limit=TO_PACK, carrier_work=ASK),
    HANDED_OVER: Consequence(
        desk=CARRIERS_DESK, sorted_by=BY_ROUTE, limit=AS_PROMISED, carrier_work=ASK, promise_begins=True
    ),
    IN_TRANSIT: Consequence(
        desk=CARRIERS_DESK, sorted_by=BY_ROUTE, limit=AS_PROMISED, carrier_work=ASK, stays_late=True
    ),
    ATTEMPT_FAILED: Consequence(
        desk=CARRIERS_DESK, sorted_by=BY_ROUTE, limit=AS_PROMISED, carrier_work=ASK, stays_late=True
    ),
    RETURNED: Consequence(desk="RETURNED", limit=TO_COLLECT, leaves_courier=True),
    LOST: Consequence(desk="LOST"),
    DISPUTED: Consequence(desk="DISPUTED"),
    DELIVERED: Consequence(desk=ENDED_DESK, is_end=True),
    REPLACED: Consequence(desk=ENDED_DESK, is_end=True),
    CANCELLED: Consequence(desk=ENDED_DESK, is_end=True),
}
"""What follows from each state of a parcel. What only one action does stands in ``service/transitions.py``."""

OPEN = "open"
GIVEN = "given"
TAKEN = "taken"
DONE = "done"
HANDOVERS = Graph(
    (
        Edge("open", NEW, OPEN, by=("giver", "taker"), event=events.HANDOVER_OPENED),
        Edge("give", OPEN, GIVEN, by=("giver",), event=events.HANDOVER_GIVEN),
        Edge("take", OPEN, TAKEN, by=("taker",), event=events.HANDOVER_TAKEN),
        Edge("take", GIVEN, DONE, by=("taker",), event=events.HANDOVER_DONE),
        Edge("give", TAKEN, DONE, by=("giver",), event=events.HANDOVER_DONE),
        Edge("cancel", OPEN, CANCELLED, by=("giver", "taker"), event=events.HANDOVER_CANCELLED),
        Edge("cancel", GIVEN, CANCELLED, by=("giver", "taker"), event=events.HANDOVER_CANCELLED),
        Edge("cancel", TAKEN, CANCELLED, by=("giver", "taker"), event=events.HANDOVER_CANCELLED),
    ),
    HANDOVER_STATE,
    {OPEN: "待双方扫码", GIVEN: "交件方已确认", TAKEN: "收件方已确认", DONE: "已完成", CANCELLED: "已取消"},
)
DISPATCH = "dispatch"
RETURN = "return"
COLLECTION = "collection"


def handover_action(kind: str, direction: str) -> str:
    """What a finished hand-over does to a parcel; nothing for one that does not go that way."""
    return {
        (DISPATCH, OUT): "hand_over",
        (RETURN, OUT): "bring_back",
        (COLLECTION, IN): "hand_over",
        (RETURN, IN): "deliver",
    }.get((kind, direction), "")


def carrier_path(state: str, wanted: str) -> list[str]:
    """The shortest way of actions on which a carrier's report leads from one state to another; empty if none does.

    A carrier's reports come late, twice and out of order: ``delivered`` may be the first that we hear.
    """
    waiting: deque[tuple[str, list[str]]] = deque([(state, [])])
    seen = {state}
    while waiting:
        here, way = waiting.popleft()
        if here == wanted:
            return way
        for edge in SHIPMENTS.edges:
            if edge.start == here and "carrier" in edge.by and edge.end not in seen:
                seen.add(edge.end)
                waiting.append((edge.end, [*way, edge.action]))
    return []


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A carrier's report: its own id, what it says, when it was made there, in which words."""

    id: str
    state: str
    at: datetime
    note: str = ""


def merged_scans(known: Sequence[Scan], new: Iterable[Scan], most: int = 60) -> list[Scan]:
    """All scans once each, in the order in which they were made; the oldest ones go when there are too many."""
    by_id = {scan.id: scan for scan in known} | {scan.id: scan for scan in new}
    return sorted(by_id.values(), key=lambda scan: (scan.at, scan.id))[-most:]


def newest_report(scans: Sequence[Scan]) -> str:
    """What the carrier said last by its own clock; an end stays an end whatever was stamped after it."""
    ends = [scan.state for scan in scans if scan.state in (DELIVERED, RETURNED, LOST)]
    return ends[-1] if ends else scans[-1].state if scans else ""


def promised_by(calendar: Calendar, handed_over: date, days: int) -> date:
    """The day by which delivery is promised: so many working days after the hand-over."""
    return calendar.add_working_days(handed_over, days)


def code_of(digest: str) -> str:
    """The six digits of a recipient's code, from 32 hex digits that nobody else can make."""
    return f"{int(digest, 16) % 1_000_000:06d}"


def name_initial(name: str) -> str:
    """What couriers see of a name: ``张*``."""
    return name[:1] + "*" if name else ""


_DRAWN_WIDTH = 1000
_FEWEST_POINTS = 8
_NARROWEST = 50


def strokes_are_a_signature(strokes: Sequence[Sequence[Sequence[int]]]) -> bool:
    """Whether drawn lines (points of 0 to 1000 each way) are more than a dot or a dash."""
    points = [point for stroke in strokes for point in stroke]
    if len(points) < _FEWEST_POINTS:
        return False
    for point in points:
        is_pair = len(point) == 2
        if not is_pair or min(point) < 0 or max(point) > _DRAWN_WIDTH:
            return False
    lefts = [point[0] for point in points]
    return max(lefts) - min(lefts) >= _NARROWEST
