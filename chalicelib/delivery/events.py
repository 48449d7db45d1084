"""What happens to parcels and hand-overs."""

from __future__ import annotations

from datetime import date

from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements

REASONS = {
    "absent": ("收件人不在", "nobody was there"),
    "refused": ("收件人拒收", "it was refused"),
    "address_wrong": ("地址有误", "the address is wrong"),
    "unreachable": ("电话无法接通", "the phone was not answered"),
    "other": ("其他原因", "another reason"),
}
"""Why an attempt to deliver failed."""
WITH = {
    "family": ("家人", "a member of the family"),
    "neighbour": ("邻居", "a neighbour"),
    "reception": ("门卫或前台", "the reception"),
    "locker": ("快递柜", "a parcel locker"),
}
"""With whom, or where, a parcel was left."""
_PLACES = {
    "id": announcements.same("01K7M29QXA4TB3000000000000"),
    "titles": announcements.same("不动产转移登记"),
    "hall": ("玄武区政务服务中心", "Xuanwu District Service Centre"),
    "carrier": ("同城速递", "City Couriers"),
    "promised_by": announcements.day(date(2026, 11, 5)),
    "next_try": announcements.day(date(2026, 11, 4)),
    "reason": REASONS["absent"],
    "postage": announcements.money(800),
    "with": WITH["neighbour"],
    "dispute_by": announcements.day(date(2026, 11, 12)),
    "at": announcements.moment_sample(),
}

SHIPMENT_CREATED = EventType("shipment_created", zh="已登记，等待打包", en="Registered, to be packed")
SHIPMENT_JOINED = EventType("shipment_joined", zh="又有结果并入此件", en="Another result has joined the parcel")
POSTAGE_DUE = EventType("postage_due", zh="已开具邮费缴费单", en="A bill for the postage is issued", places=_PLACES)
SHIPMENT_POSTAGE_PAID = EventType("shipment_postage_paid", zh="邮费已付", en="The postage is paid")
RESULT_PRINT_BEGUN = EventType(
    "result_print_begun", zh="开始重新打印结果，原件作废", en="A result is being printed anew; the former paper is void"
)
RESULT_PRINTED = EventType("result_printed", zh="已打印结果", en="A result was printed")
RESULT_TAKEN_OUT = EventType("result_taken_out", zh="已从件中取出结果", en="A result was taken out of the parcel")
SHIPMENT_READY = EventType("shipment_ready", zh="已打包，可领取", en="Packed and ready", places=_PLACES)
SHIPMENT_OFFERED = EventType("shipment_offered", zh="等待快递员接单", en="Waiting for a courier")
SHIPMENT_ACCEPTED = EventType("shipment_accepted", zh="快递员已接单", en="A courier has accepted it", places=_PLACES)
SHIPMENT_RELEASED = EventType("shipment_released", zh="快递员退回接单", en="The courier gave it back")
SHIPMENT_RECALLED = EventType("shipment_recalled", zh="大厅收回", en="The hall took it back")
SHIPMENT_AT_THE_DOOR = EventType(
    "shipment_at_the_door", zh="快递员已到门口", en="The courier is at the door", places=_PLACES
)
SHIPMENT_HANDED_OVER = EventType("shipment_handed_over", zh="已交给快递员", en="Handed to the courier", places=_PLACES)
SHIPMENT_DEPARTED = EventType("shipment_departed", zh="派送中", en="On its way", places=_PLACES)
SHIPMENT_SCANNED = EventType("shipment_scanned", zh="承运方更新了位置", en="The carrier reported where it is")
SHIPMENT_ATTEMPT_FAILED = EventType(
    "shipment_attempt_failed", zh="派送未成功", en="An attempt to deliver failed", places=_PLACES
)
SHIPMENT_RETRIED = EventType("shipment_retried", zh="再次派送", en="Out for delivery again")
SHIPMENT_RETURNED = EventType("shipment_returned", zh="已退回大厅", en="Back at the hall", places=_PLACES)
SHIPMENT_KEPT_AT_HALL = EventType(
    "shipment_kept_at_hall", zh="留在大厅，等待领取", en="Kept at the hall to be collected", places=_PLACES
)
SHIPMENT_DELIVERED = EventType("shipment_delivered", zh="已送达", en="Delivered", places=_PLACES)
SHIPMENT_LEFT = EventType("shipment_left", zh="已交他人代收", en="Left with somebody else", places=_PLACES)
SHIPMENT_DISPUTED = EventType(
    "shipment_disputed", zh="收件人称未收到", en="The recipient has not got it", places=_PLACES
)
SHIPMENT_TAKEN_BACK = EventType(
    "shipment_taken_back", zh="承运方更正：未送达", en="The carrier takes its report of a delivery back", places=_PLACES
)
DISPUTE_UPHELD = EventType("dispute_upheld", zh="核实：已送达", en="Looked into: it was delivered", places=_PLACES)
SHIPMENT_COLLECTED = EventType("shipment_collected", zh="已领取", en="Collected", places=_PLACES)
SHIPMENT_LOST = EventType("shipment_lost", zh="已遗失", en="Lost", places=_PLACES)
SHIPMENT_FOUND = EventType("shipment_found", zh="已找到", en="Found", places=_PLACES)
SHIPMENT_REPLACED = EventType("shipment_replaced", zh="已补发", en="Sent anew", places=_PLACES)
SHIPMENT_CANCELLED = EventType("shipment_cancelled", zh="已取消", en="Cancelled")
SHIPMENT_OVERDUE = EventType("shipment_overdue", zh="已超过承诺时间", en="Later than promised", places=_PLACES)
DESTINATION_CHANGED = EventType("destination_changed", zh="已更改送达方式", en="The destination was changed")
COLLECTOR_NAMED = EventType("collector_named", zh="已指定代领人", en="Somebody was named to collect it")
COLLECTOR_WITHDRAWN = EventType("collector_withdrawn", zh="已取消代领人", en="Nobody else may collect it any more")
DELIVERY_CODE_RENEWED = EventType("delivery_code_renewed", zh="已更换取件码", en="The code was renewed")
HANDOVER_OPENED = EventType("handover_opened", zh="交接单已建立", en="The hand-over was opened")
HANDOVER_GIVEN = EventType("handover_given", zh="交件方已确认", en="The giver has confirmed")
HANDOVER_TAKEN = EventType("handover_taken", zh="收件方已确认", en="The taker has confirmed")
HANDOVER_DONE = EventType("handover_done", zh="交接完成", en="The hand-over is done")
HANDOVER_CANCELLED = EventType("handover_cancelled", zh="交接单已取消", en="The hand-over was cancelled")
