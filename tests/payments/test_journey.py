"""From the approval to the certificate: bills, one payment for all of them, receipts."""

from __future__ import annotations

import pytest

from scenes import paying
from scenes.world import World


def test_an_approved_application_waits_for_its_money_and_then_completes(world: World) -> None:
    payer = paying.payer(world, extra_copies=2, with_plan=True)
    assert payer.application["status"] == "approved" and "certificate_id" not in payer.application
    bills = [payer.bill(place) for place in range(2)]
    assert sorted(bill["amount"]["amount"] for bill in bills) == [2000, 10000]
    assert {bill["status"] for bill in bills} == {"open"}

    order = payer.order()
    assert (order["amount"]["amount"], order["status"], order["channel"]) == (12000, "pending", "wechat_pay")
    assert set(order["front_end"]) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert payer.bill()["status"] == "paying"

    paying.wechat(world, order["id"])
    assert payer.payment(order["id"])["status"] == "pending"
    world.simulators.deliver()
    assert payer.payment(order["id"])["status"] == "paid"
    assert payer.bill()["status"] == "settled"

    paying.settle(world)
    done = payer.now()
    assert done["status"] == "completed" and done["certificate_id"]
    assert payer.client.get(f"/v1/certificates/{done['certificate_id']}").json["status"] == "valid"
    timeline = payer.client.get(f"/v1/applications/{done['id']}/timeline").json["entries"]
    assert [entry["type"] for entry in timeline][-3:] == [
        "application_approved",
        "application_awaits_payment",
        "application_completed",
    ]


def test_the_receipt_comes_as_a_pdf(world: World) -> None:
    payer = paying.payer(world)
    early = payer.client.post(f"/v1/bills/{payer.bills[0]}/receipt_links")
    assert early.code == "no_receipt_yet"
    paying.wechat(world, payer.order()["id"])
    paying.settle(world)
    link = payer.client.post(f"/v1/bills/{payer.bills[0]}/receipt_links")
    assert link.status == 200, link.json
    path = link.json["url"].removeprefix(world.environment.settings()["PUBLIC_URL"])
    pdf = world.anonymous().get(path)
    assert pdf.status == 200 and pdf.body.startswith(b"%PDF")
    world.pass_time(seconds=301)
    assert world.anonymous().get(path).code == "document_link_expired"


@pytest.mark.parametrize("kind", ["affordable"])
def test_nothing_to_pay_is_no_bill(world: World, kind: str) -> None:
    payer = paying.payer(world, property_kind=kind)
    assert payer.application["status"] == "completed" and payer.bills == []
    assert payer.client.get("/v1/bills").json["items"] == []


def test_alipay_pays_too(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order(client=payer.on_alipay())
    assert order["channel"] == "alipay" and set(order["front_end"]) == {"tradeNO"}
    paying.alipay(world, order["id"])
    paying.settle(world)
    assert payer.now()["status"] == "completed"
