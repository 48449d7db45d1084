"""Whom a city trusts with what: money by two persons, a certificate that ends on its way, a check without a network."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.kernel import clock
from demo import delivery
from demo.client import Demo, DemoFailed, Headers
from demo.payments import register_contract, wait_for_completion
from tools import verify_sticker

KIND = "home"
HOME = {"district": "江宁区", "property_kind": KIND, "extra_copies": 0, "with_plan": False}


def play(demo: Demo) -> None:
    """Checks without a network; a refund that takes two persons and ends the certificate; a parcel that is stopped."""
    print("\nTrust: a check without a network, two persons for money, a certificate that is stopped on its way\n")
    owner = demo.new_person("己业主")
    register_contract(demo, owner[1], KIND)
    headers = demo.log_in("wechat", demo.new_user("cash"))
    demo.prove_on_wechat(headers, owner)
    clerk = demo.step("a clerk of the registry logs in", lambda: demo.log_in_staff("registrar"))
    applied = demo.step("a home owner pays at the window, in cash", lambda: paid_in_cash(demo, headers, clerk))
    certificate = applied["certificate_id"]
    void = demo.step("the owner prints the certificate", lambda: demo.print_certificate(headers, certificate, "home-1"))
    printed = demo.step("and once more", lambda: demo.print_certificate(headers, certificate, "home-2"))
    check_without_network(demo, printed, void)
    refund = demo.step("the clerk asks to give it back", lambda: asked_back(demo, clerk, applied))
    demo.step("and cannot approve it alone", lambda: refused(demo, clerk, refund, "second_person_needed"))
    head = demo.log_in_staff("registrar.head")
    demo.step("a second person approves; the clerk pays out", lambda: paid_out(demo, clerk, head, refund))
    demo.step("the certificate has ended with it", lambda: demo.scan(printed, "revoked"))
    known, parts = demo.step("the inspector downloads the next list", lambda: downloaded(demo))
    demo.step(
        "without a network: it is not valid", lambda: judged(printed, parts, clock.now(), "not_valid", known=known)
    )
    stopped_parcel(demo, clerk)


def paid_in_cash(demo: Demo, headers: Headers, clerk: Headers) -> tuple[Any, str]:
    applied = demo.apply(headers, "real_estate_registration", HOME, "approved")
    body = {"bills": applied["bills"], "method": "cash", "amount": 8000}
    demo.call("POST", "/v1/counter/payments", body, clerk, 201)
    wait_for_completion(demo, headers, applied)
    return demo.call("GET", f"/v1/applications/{applied['id']}", headers=headers), "80.00 yuan; completed"


def asked_back(demo: Demo, clerk: Headers, applied: Any) -> tuple[Any, str]:
    """Cash leaves by two hands, from the first fen; the refund says what becomes of the certificate."""
    wanted = {"parts": {"registration": 8000}, "reason": "登记错误，退还费用", "certificate": "revoked"}
    refund = demo.call("POST", f"/v1/bills/{applied['bills'][0]}/refunds", wanted, clerk, 201)
    return refund, f"{refund['status']}; the certificate is to be {refund['certificate']}"


def refused(demo: Demo, clerk: Headers, refund: Any, code: str) -> tuple[None, str]:
    answer = json.loads(demo.send("POST", f"/v1/refunds/{refund['id']}/approve", {}, clerk).data)
    if answer.get("code") != code:
        raise DemoFailed(f"the clerk's own approval is answered {answer}")
    return None, str(answer["title"])


def paid_out(demo: Demo, clerk: Headers, head: Headers, refund: Any) -> tuple[None, str]:
    path = f"/v1/refunds/{refund['id']}"
    demo.call("POST", f"{path}/approve", {}, head)
    done = demo.call("POST", f"{path}/pay_out", {}, clerk)
    return None, f"{done['status']}, {done['amount']['amount'] / 100:.2f} yuan out of the clerk's drawer"


def stopped_parcel(demo: Demo, registrar: Headers) -> None:
    """A certificate is revoked after it was packed: no courier takes its parcel on."""
    owner = demo.new_person("庚业主")
    register_contract(demo, owner[1], "affordable")
    user = demo.new_user("stopped")
    headers = demo.step(
        "another owner wants the paper by courier", partial(delivery.reader, demo, "wechat", user, owner)
    )
    parcel = demo.step("approved; the result waits to be packed", lambda: delivery.decided(demo, headers))
    clerk = demo.log_in_staff("window.1")
    demo.step("the clerk prints, packs and labels it", lambda: delivery.packed(demo, clerk, parcel))
    demo.step("the registry revokes the certificate", lambda: revoked(demo, registrar, headers, parcel))
    courier = demo.log_in_staff("courier.a")
    demo.step("no courier can take the parcel on", lambda: not_taken(demo, courier, parcel))
    demo.step("the hall takes the result out", lambda: taken_out(demo, clerk, parcel))


def revoked(demo: Demo, registrar: Headers, headers: Headers, parcel: Any) -> tuple[None, str]:
    application = demo.call("GET", f"/v1/applications/{parcel['application']}", headers=headers)
    path = f"/v1/certificates/{application['certificate_id']}/revoke"
    found = demo.call("POST", path, {"reason": "登记错误，予以撤销"}, registrar)
    return None, str(found["status"])


def not_taken(demo: Demo, courier: Headers, parcel: Any) -> tuple[None, str]:
    answer = json.loads(demo.send("POST", f"/v1/shipments/{parcel['id']}/accept", {}, courier).data)
    if answer.get("code") != "parcel_stopped":
        raise DemoFailed(f"the courier is answered {answer}")
    return None, str(answer["title"])


def taken_out(demo: Demo, clerk: Headers, parcel: Any) -> tuple[None, str]:
    path = f"/v1/shipments/{parcel['id']}"
    demo.call("POST", f"{path}/recall", {"reason": "证照已撤销"}, clerk)
    body = {"application_id": parcel["application"], "reason": "证照已撤销"}
    found = demo.call("POST", f"{path}/remove", body, clerk)
    return None, f"the parcel is {found['status']}"


def check_without_network(demo: Demo, printed: str, void: str) -> None:
    """An inspector's phone that has downloaded keys and list: valid, not valid, or it cannot tell."""
    known, parts = demo.step("an inspector downloads keys and list", lambda: downloaded(demo))
    now = clock.now()
    foreign = f"https://q.example.com/b/{printed.rpartition('/')[2]}"
    offline = partial(judged, known=known)
    demo.step("without a network: the good print", lambda: offline(printed, parts, now, "valid"))
    demo.step("the print that is void", lambda: offline(void, parts, now, "not_valid"))
    late = now + timedelta(days=3)
    demo.step("with a list of three days ago", lambda: offline(printed, parts, late, "cannot_tell"))
    demo.step("on a look-alike address", lambda: offline(foreign, parts, now, "cannot_tell"))


def downloaded(demo: Demo) -> tuple[Any, str]:
    """Public keys and the whole list, as ``tools/verify_sticker.py`` takes them; a new list is made each 15 minutes."""
    demo.run_function("list_certificates", {})
    found = demo.call("GET", "/v1/certificates/keys")
    keys = {int(key["number"]): base64.b64decode(key["public_key"]) for key in found["keys"]}
    first = demo.call("GET", "/v1/certificates/offline_list")
    parts = [first]
    for number in range(2, first["parts"] + 1):
        parts.append(demo.call("GET", f"/v1/certificates/offline_list?part={number}"))
    known = verify_sticker.Known(keys=keys, address=found["address"])
    return (known, parts), f"{len(keys)} keys, {len(parts)} parts"


def judged(
    text: str, parts: list[dict[str, Any]], moment: datetime, expect: str, *, known: verify_sticker.Known
) -> tuple[None, str]:
    finding = verify_sticker.judge(text, known, parts, moment)
    if finding.answer != expect:
        raise DemoFailed(f"the offline check says {finding.answer} ({finding.reason}), expected {expect}")
    return None, f"{finding.answer} {finding.reason}".strip()
