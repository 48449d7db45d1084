"""Refunds: parts and wholes, two persons, no fen twice, what the platforms do with them, and what follows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem
from chalicelib.payments import store
from chalicelib.payments.service import refunds
from chalicelib.platforms import wechat_pay
from chalicelib.platforms.payment import RefundAnswer
from functions import sweep_payments
from scenes import paying
from scenes.paying import Payer
from scenes.world import Client, Enterprise, Reply, World, new_id_number
from tests.identity.persons import being
from tests.payments import debts


def settled(world: World, channel: str = "wechat", **form: Any) -> Payer:
    payer = paying.payer(world, **form)
    client = payer.client if channel == "wechat" else payer.on_alipay()
    order = payer.order(client=client)
    getattr(paying, channel)(world, order["id"])
    paying.settle(world)
    return payer


def ask(client: Client, bill: str, parts: dict[str, int], certificate: str = "stays", **options: Any) -> Reply:
    wanted = {"parts": parts, "reason": "重复收取", "certificate": certificate}
    return client.post(f"/v1/bills/{bill}/refunds", wanted, **options)


def state(client: Client, refund: str) -> str:
    return str(client.get(f"/v1/refunds/{refund}").json["status"])


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_a_part_and_then_the_rest_go_back(world: World, channel: str) -> None:
    payer, registrar = settled(world, channel, extra_copies=1), world.staff("registrar")
    bill = payer.bills[0]
    first = ask(registrar, bill, {"copies": 1000})
    assert first.json["status"] == "approved"
    paying.settle(world)
    assert state(registrar, first.json["id"]) == "done"
    assert (payer.bill()["status"], payer.bill()["refunded"]["amount"]) == ("partly_refunded", 1000)
    second = ask(registrar, bill, {"registration": 8000})
    paying.settle(world)
    assert state(registrar, second.json["id"]) == "done"
    assert payer.bill()["status"] == "refunded"
    assert payer.payment(payer.bill()["payment"])["status"] == "refunded"
    assert ask(registrar, bill, {"registration": 1}).code == "refund_exceeds_payment"


def test_the_receipt_says_what_was_really_kept(world: World) -> None:
    payer, registrar = settled(world, extra_copies=1), world.staff("registrar")
    bill, receipts = payer.bills[0], world.simulators.fiscal.receipts
    assert receipts[f"{bill}-1"]["amount"] == 9000 and not receipts[f"{bill}-1"]["red"]
    ask(registrar, bill, {"copies": 1000})
    paying.settle(world)
    assert receipts[f"{bill}-1"]["red"], "voided by a red receipt"
    assert receipts[f"{bill}-2"]["amount"] == 8000
    assert [line["amount"] for line in receipts[f"{bill}-2"]["wanted"]["lines"]] == [8000]
    ask(registrar, bill, {"registration": 8000})
    paying.settle(world)
    assert receipts[f"{bill}-2"]["red"] and f"{bill}-3" not in receipts
    assert payer.bill()["receipt"] is False


def test_above_the_limit_a_second_person_has_to_agree(world: World) -> None:
    payer = settled(world, property_kind="non_home")
    registrar, head = world.staff("registrar"), world.staff("registrar.head")
    refund = ask(registrar, payer.bills[0], {"registration": 55_000}).json
    path = f"/v1/refunds/{refund['id']}"
    assert refund["status"] == "requested"
    assert registrar.post(f"{path}/approve").code == "second_person_needed"
    asker = store.refund(refund["id"])
    assert asker is not None and asker.asker_person
    account = Actor(kind="staff", id="registrar.also", person=asker.asker_person)
    with pytest.raises(Problem) as raised:
        refunds.approve(account, asker)
    assert raised.value.error.code == "second_person_needed", "one person with two accounts"
    paying.settle(world)
    assert payer.bill()["refunded"]["amount"] == 0
    assert head.post(f"{path}/approve").json["status"] == "approved"
    assert head.post(f"{path}/approve").code == "refund_wrong_state"
    paying.settle(world)
    assert state(head, refund["id"]) == "done"


def test_a_rejected_refund_frees_the_money(world: World) -> None:
    payer = settled(world, property_kind="non_home")
    registrar, head = world.staff("registrar"), world.staff("registrar.head")
    refund = ask(registrar, payer.bills[0], {"registration": 55_000}).json
    assert ask(registrar, payer.bills[0], {"registration": 1}).code == "refund_exceeds_payment"
    rejected = head.post(f"/v1/refunds/{refund['id']}/reject", {"reason": "材料不足"})
    assert rejected.json["status"] == "rejected"
    assert ask(registrar, payer.bills[0], {"registration": 1}).status == 201


@pytest.mark.parametrize(
    "parts", [{}, {"registration": 0}, {"registration": -1}, {"registration": 1.5}, {"registration": "1"}]
)
def test_parts_of_a_wrong_shape_are_refused(world: World, parts: Any) -> None:
    payer = settled(world)
    assert ask(world.staff("registrar"), payer.bills[0], parts).code == "invalid_request"


@pytest.mark.parametrize("parts", [{"registration": 8001}, {"registration": 80_000}])
def test_more_than_was_paid_never_goes_back(world: World, parts: dict[str, int]) -> None:
    payer = settled(world)
    assert ask(world.staff("registrar"), payer.bills[0], parts).code == "refund_exceeds_payment"


def test_a_fee_item_that_the_bill_does_not_have_is_named(world: World) -> None:
    payer = settled(world)
    refused = ask(world.staff("registrar"), payer.bills[0], {"nothing": 1})
    assert [(one["path"], one["code"]) for one in refused.json["fields"]] == [("/parts/nothing", "unknown_fee_item")]


def test_an_unpaid_bill_has_nothing_to_give_back(world: World) -> None:
    payer = paying.payer(world)
    assert ask(world.staff("registrar"), payer.bills[0], {"registration": 1}).code == "bill_wrong_state"


def test_the_same_request_makes_one_refund(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    key = {"idempotency-key": paying.key()}
    first = ask(registrar, payer.bills[0], {"registration": 5000}, headers=key)
    again = ask(registrar, payer.bills[0], {"registration": 5000}, headers=key)
    assert first.json["id"] == again.json["id"]
    assert ask(registrar, payer.bills[0], {"registration": 4000}, headers=key).code == "idempotency_key_reused"
    assert ask(registrar, payer.bills[0], {"registration": 5000}).code == "refund_exceeds_payment"


def test_a_refund_whose_answer_is_lost_is_sent_once(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    world.simulators.wechat_pay.controls["faults"]({"fault": "lost_answer", "path": "/v3/refund"})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    world.simulators.wechat_pay.notice_rates = {"lost": 1.0}
    for _ in range(3):
        paying.settle(world)
        world.pass_time(minutes=2)
    assert state(world.staff("registrar"), refund) == "done"
    (trade,) = world.simulators.wechat_pay.trades.values()
    assert trade.refunded == 5000 and len(trade.refunds) == 1


def test_a_merchant_without_balance_is_asked_again_later(world: World) -> None:
    payer, registrar = settled(world, "alipay"), world.staff("registrar")
    alipay = world.simulators.alipay
    for _ in range(2):
        alipay.controls["errors"]({"code": "40004", "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    world.pump()
    assert state(registrar, refund) == "sent"
    for _ in range(5):
        world.pass_time(minutes=3)
        paying.settle(world)
    assert state(world.staff("registrar"), refund) == "done"


def test_an_abnormal_refund_goes_to_the_merchant_and_is_paid_out_by_hand(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["ABNORMAL"]})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    paying.settle(world)
    assert state(registrar, refund) == "abnormal"
    assert registrar.post(f"/v1/refunds/{refund}/repair").json["status"] == "returned"
    paying.settle(world)
    assert payer.bill()["refunded"]["amount"] == 0, "the citizen has nothing yet"
    path = f"/v1/refunds/{refund}/pay_out"
    assert registrar.post(path).code == "second_person_needed", "asked for it, and approved it alone"
    assert world.staff("registrar.head").post(path).json["status"] == "done"
    paying.settle(world)
    assert payer.bill()["refunded"]["amount"] == 5000


def test_an_abnormal_refund_that_arrives_after_all_is_booked(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    wechat_pay = world.simulators.wechat_pay
    wechat_pay.controls["refund_outcomes"]({"outcomes": ["ABNORMAL"]})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    paying.settle(world)
    wechat_pay.controls["finish_refund"]({"refund_no": refund, "outcome": "SUCCESS"})
    paying.settle(world)
    assert state(registrar, refund) == "done"


def test_the_limit_counts_all_refunds_of_a_bill_together(world: World) -> None:
    payer, registrar = settled(world, property_kind="non_home"), world.staff("registrar")
    assert ask(registrar, payer.bills[0], {"registration": 27_000}).json["status"] == "approved"
    assert ask(registrar, payer.bills[0], {"registration": 28_000}).json["status"] == "requested"


def test_a_refund_that_the_platform_closes_frees_the_money(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["CLOSED"]})
    refund = ask(registrar, payer.bills[0], {"registration": 8000}).json["id"]
    paying.settle(world)
    assert state(registrar, refund) == "failed" and payer.bill()["status"] == "settled"
    again = ask(registrar, payer.bills[0], {"registration": 8000}).json["id"]
    assert again != refund
    paying.settle(world)
    assert state(registrar, again) == "done"


def test_a_refund_that_takes_its_time_is_asked_about(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    wechat_pay = world.simulators.wechat_pay
    wechat_pay.controls["refund_outcomes"]({"outcomes": ["PROCESSING"]})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    paying.settle(world)
    assert state(registrar, refund) == "sent"
    wechat_pay.controls["finish_refund"]({"refund_no": refund, "outcome": "SUCCESS", "notice": "lost"})
    world.pass_time(minutes=2)
    paying.settle(world)
    assert state(registrar, refund) == "done"


def test_one_units_refund_is_not_anothers(world: World) -> None:
    payer = settled(world)
    housing = world.staff("housing")
    assert ask(housing, payer.bills[0], {"registration": 1}).status == 404
    refund = ask(world.staff("registrar"), payer.bills[0], {"registration": 1}).json["id"]
    assert housing.get(f"/v1/refunds/{refund}").status == 404
    listed = world.staff("registrar").get("/v1/refunds").json
    assert listed["items"] and refund not in [item["id"] for item in housing.get("/v1/refunds").json["items"]]


# What becomes of the certificate


def certificate_of(payer: Payer) -> str:
    application = payer.client.get(f"/v1/applications/{payer.bill()['owed_for']}").json
    return str(application["certificate_id"])


def worth(payer: Payer, certificate: str) -> str:
    return str(payer.client.get(f"/v1/certificates/{certificate}").json["status"])


@pytest.mark.parametrize(
    ("outcome", "status"), [("stays", "valid"), ("suspended", "suspended"), ("revoked", "revoked")]
)
def test_a_refund_does_to_the_certificate_what_it_says_once_the_money_is_back(
    world: World, outcome: str, status: str
) -> None:
    payer, registrar = settled(world, property_kind="non_home"), world.staff("registrar")
    certificate = certificate_of(payer)
    refund = ask(registrar, payer.bills[0], {"registration": 55_000}, outcome).json
    assert (refund["status"], refund["certificate"]) == ("requested", outcome)
    assert worth(payer, certificate) == "valid", "nobody has agreed yet"
    assert world.staff("registrar.head").post(f"/v1/refunds/{refund['id']}/approve").status == 200
    paying.settle(world)
    assert state(registrar, refund["id"]) == "done"
    assert worth(payer, certificate) == status


def approved_refund(world: World, bill: str, parts: dict[str, int], outcome: str) -> str:
    """A refund that ends a certificate: it takes two persons however small it is."""
    refund = ask(world.staff("registrar"), bill, parts, outcome).json
    assert refund["status"] == "requested", refund
    approved = world.staff("registrar.head").post(f"/v1/refunds/{refund['id']}/approve")
    assert approved.json["status"] == "approved", approved.json
    return str(refund["id"])


def test_a_refund_that_fails_leaves_the_certificate(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["CLOSED"]})
    refund = approved_refund(world, payer.bills[0], {"registration": 8000}, "revoked")
    paying.settle(world)
    assert state(registrar, refund) == "failed"
    assert worth(payer, certificate_of(payer)) == "valid"


def test_a_second_refund_finds_the_certificate_as_the_first_left_it(world: World) -> None:
    payer, registrar = settled(world, extra_copies=1), world.staff("registrar")
    bill = payer.bills[0]
    for part, outcome in (("copies", "suspended"), ("registration", "revoked")):
        approved_refund(world, bill, {part: 500}, outcome)
        paying.settle(world)
        assert worth(payer, certificate_of(payer)) == outcome
    for outcome in ("revoked", "suspended"):
        refund = approved_refund(world, bill, {"registration": 500}, outcome)
        paying.settle(world)
        assert state(registrar, refund) == "done"
        assert worth(payer, certificate_of(payer)) == "revoked"


def test_a_certificate_that_is_not_there_or_anothers_is_not_revoked(world: World) -> None:
    enterprise = world.enterprise()
    officer = world.staff("officer.a")
    nothing = ask(officer, debts.paid_bill(enterprise), {"sticker": 1}, "suspended")
    assert [field["code"] for field in nothing.json["fields"]] == ["no_certificate"]
    payer = settled(world)
    of_another_unit = debts.paid_bill(enterprise, owed_for=payer.bill()["owed_for"], issuer="natural_resources")
    refused = ask(officer, of_another_unit, {"sticker": 1}, "revoked")
    assert [field["code"] for field in refused.json["fields"]] == ["other_units_certificate"]
    refund = ask(officer, of_another_unit, {"sticker": 1}, "suspended").json
    assert refund["status"] == "requested", "one fen ends no certificate by one person alone"
    assert world.staff("officer.b").post(f"/v1/refunds/{refund['id']}/approve").status == 200
    paying.settle(world)
    assert worth(payer, certificate_of(payer)) == "suspended"
    unsaid = officer.post(f"/v1/bills/{of_another_unit}/refunds", {"parts": {"sticker": 1}, "reason": "重复收取"})
    assert unsaid.code == "invalid_request", "a refund says what becomes of the certificate"
    for misspelt in ("Revoked", "banana", ""):
        assert ask(officer, of_another_unit, {"sticker": 1}, misspelt).code == "invalid_request"


def paid_and_not_completed(world: World, **form: Any) -> Payer:
    """The money has arrived; the certificate follows in a moment."""
    payer = paying.payer(world, **form)
    order = payer.order()
    paying.wechat(world, order["id"])
    world.simulators.deliver()
    return payer


@pytest.mark.parametrize(("outcome", "issued"), [("stays", True), ("revoked", False), ("suspended", False)])
def test_money_that_goes_back_before_the_certificate_is_there_withholds_it(
    world: World, outcome: str, issued: bool
) -> None:
    payer = paid_and_not_completed(world)
    refund = ask(world.staff("registrar"), payer.bills[0], {"registration": 8000}, outcome).json
    if outcome != "stays":
        assert world.staff("registrar.head").post(f"/v1/refunds/{refund['id']}/approve").status == 200
    paying.settle(world)
    assert state(world.staff("registrar"), refund["id"]) == "done" and payer.bill()["status"] == "refunded"
    application = payer.now()
    assert (application["status"] == "completed") is issued
    assert ("certificate_id" in application) is issued
    if not issued:
        withdrawn = payer.client.post(f"/v1/applications/{application['id']}/withdraw", {"reason": "已退费"})
        assert withdrawn.json["status"] == "withdrawn", withdrawn.json


def test_a_refund_that_is_rejected_withholds_nothing_any_more(world: World) -> None:
    payer = paid_and_not_completed(world)
    refund = ask(world.staff("registrar"), payer.bills[0], {"registration": 8000}, "revoked").json
    paying.settle(world)
    assert payer.now()["status"] == "approved", "the certificate waits for the decision about the refund"
    assert (
        world.staff("registrar.head").post(f"/v1/refunds/{refund['id']}/reject", {"reason": "理由不足"}).status == 200
    )
    paying.settle(world)
    assert payer.now()["status"] == "completed"


# Money in suspense


def held(world: World, amount: int = 7000) -> tuple[Enterprise, str]:
    """An enterprise, and money of another amount than its order's, in suspense."""
    enterprise = world.enterprise()
    order = enterprise.client.post("/v1/payments", {"bills": [debts.bill(enterprise, 60_000)]}).json["id"]
    paying.wechat(world, order, amount=amount, notice="lost")
    world.pass_time(seconds=61)
    paying.settle(world)
    trade = world.simulators.wechat_pay.trades[order]
    return enterprise, f"wechat_pay-{trade.transaction_id}"


def test_a_treasurer_gives_money_in_suspense_back(world: World) -> None:
    _, suspense = held(world)
    treasurer = world.staff("treasurer.a")
    refund = treasurer.post(f"/v1/suspense/{suspense}/give_back", {"reason": "金额不符"}).json
    assert refund["status"] == "approved"
    assert treasurer.post(f"/v1/suspense/{suspense}/give_back", {"reason": "金额不符"}).code == "suspense_wrong_state"
    paying.settle(world)
    (trade,) = world.simulators.wechat_pay.trades.values()
    assert trade.refunded == 7000
    item = store.suspense(suspense)
    assert item is not None and item.status == "given_back"


def test_much_money_in_suspense_needs_a_second_treasurer(world: World) -> None:
    _, suspense = held(world, 70_000)
    first, second = world.staff("treasurer.a"), world.staff("treasurer.b")
    refund = first.post(f"/v1/suspense/{suspense}/give_back", {"reason": "金额不符"}).json
    assert refund["status"] == "requested"
    path = f"/v1/refunds/{refund['id']}"
    assert refund["id"] in [one["id"] for one in second.get("/v1/refunds?desk=suspense&waiting=true").json["items"]]
    assert first.post(f"{path}/approve").code == "second_person_needed"
    assert second.post(f"{path}/reject", {"reason": "再核实"}).json["status"] == "rejected"
    item = store.suspense(suspense)
    assert item is not None and item.status == "held"


def test_money_in_suspense_pays_the_bills_that_it_was_for(world: World) -> None:
    enterprise, suspense = held(world)
    bill = debts.bill(enterprise, 7000)
    treasurer = world.staff("treasurer.a")
    path = f"/v1/suspense/{suspense}/assign"
    other = debts.bill(enterprise, 6999)
    assert treasurer.post(path, {"bills": [other]}).code == "amount_differs"
    assigned = treasurer.post(path, {"bills": [bill]})
    assert assigned.status == 201 and assigned.json["status"] == "paid"
    paying.settle(world)
    assert enterprise.client.get(f"/v1/bills/{bill}").json["status"] == "settled"
    refund = ask(world.staff("officer.a"), bill, {"sticker": 7000})
    assert refund.status == 201, refund.json
    paying.settle(world)
    (trade,) = world.simulators.wechat_pay.trades.values()
    assert trade.refunded == 7000, "given back from the platform's own order"


def test_above_the_limit_two_treasurers_assign_money(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    enterprise, suspense = held(world)
    bill = debts.bill(enterprise, 7000)
    release = catalog.release()
    strict = msgspec.structs.replace(release, city=msgspec.structs.replace(release.city, assignment_limit=6999))
    monkeypatch.setattr(catalog, "release", lambda: strict)
    first, second = world.staff("treasurer.a"), world.staff("treasurer.b")
    path = f"/v1/suspense/{suspense}"
    assert first.post(f"{path}/assign", {"bills": [bill]}).code == "assignment_proposal_needed"
    assert first.post(f"{path}/propose", {"bills": [debts.bill(enterprise, 6999)]}).code == "amount_differs"
    proposed = first.post(f"{path}/propose", {"bills": [bill]})
    assert (proposed.json["status"], proposed.json["proposed_bills"]) == ("held", [bill])
    assert first.post(f"{path}/assign", {"bills": [bill]}).code == "second_person_needed"
    other = debts.bill(enterprise, 7000)
    assert second.post(f"{path}/assign", {"bills": [other]}).code == "assignment_proposal_needed", "another bill"
    somebody = new_id_number()
    with being(first, somebody), being(second, somebody):
        assert first.post(f"{path}/propose", {"bills": [bill]}).status == 200
        assert second.post(f"{path}/assign", {"bills": [bill]}).code == "second_person_needed", "one with two accounts"
    assert second.post(f"{path}/assign", {"bills": [bill]}).json["status"] == "paid"


def test_a_failed_refund_of_suspense_waits_for_a_person(world: World) -> None:
    _, suspense = held(world)
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["CLOSED"]})
    treasurer = world.staff("treasurer.a")
    treasurer.post(f"/v1/suspense/{suspense}/give_back", {"reason": "金额不符"})
    paying.settle(world)
    item = store.suspense(suspense)
    assert item is not None and item.status == "held"
    sweep_payments.handler({})
    assert treasurer.post(f"/v1/suspense/{suspense}/give_back", {"reason": "金额不符"}).status == 201
    paying.settle(world)
    (trade,) = world.simulators.wechat_pay.trades.values()
    assert trade.refunded == 7000


def test_a_bill_goes_back_in_three_parts(world: World) -> None:
    payer, registrar = settled(world, extra_copies=1), world.staff("registrar")
    for parts, status in (
        ({"copies": 400}, "partly_refunded"),
        ({"copies": 600}, "partly_refunded"),
        ({"registration": 8000}, "refunded"),
    ):
        assert ask(registrar, payer.bills[0], parts).status == 201
        paying.settle(world)
        assert payer.bill()["status"] == status
        assert payer.payment(payer.bill()["payment"])["status"] == status


def test_an_abnormal_refund_fails_after_all(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    wechat_pay = world.simulators.wechat_pay
    wechat_pay.controls["refund_outcomes"]({"outcomes": ["ABNORMAL"]})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    paying.settle(world)
    wechat_pay.controls["finish_refund"]({"refund_no": refund, "outcome": "CLOSED"})
    paying.settle(world)
    assert state(registrar, refund) == "failed"
    assert payer.bill()["status"] == "settled"


def test_a_repaired_refund_that_is_abnormal_once_more_comes_back_to_the_merchant(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["ABNORMAL"]})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    paying.settle(world)
    monkeypatch.setattr(wechat_pay, "repair_refund", lambda *_: RefundAnswer(state="pending"))
    assert registrar.post(f"/v1/refunds/{refund}/repair").json["status"] == "sent"
    for told in (
        RefundAnswer(state="abnormal", refund_id="50000001"),
        RefundAnswer(state="done", refund_id="50000001", amount=5000, total=8000, done_at=clock.now()),
    ):
        assert refunds.apply_notice(refund, told)
    assert state(registrar, refund) == "returned"


def test_an_approved_refund_of_the_window_is_rejected_before_it_is_paid_out(world: World) -> None:
    payer = paying.payer(world)
    clerk = world.staff("registrar")
    cash = {"bills": [payer.bills[0]], "method": "cash", "amount": 8000}
    taken = clerk.post("/v1/counter/payments", cash)
    assert taken.status == 201, taken.json
    paying.settle(world)
    refund = ask(clerk, payer.bills[0], {"registration": 100}).json
    approved = world.staff("registrar.head").post(f"/v1/refunds/{refund['id']}/approve")
    assert approved.json["status"] == "approved"
    rejected = world.staff("registrar.head").post(f"/v1/refunds/{refund['id']}/reject", {"reason": "申请有误"})
    assert rejected.json["status"] == "rejected"
