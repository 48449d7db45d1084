"""The role table: every endpoint, every role, against what the declaration really does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.kernel.edge import endpoint
from tests.appointments.bookings import Booker
from tests.delivery import made, parcels
from tests.kernel.test_tokens import with_claims
from tests.payments import debts
from tests.world import Client, Enterprise, World, new_id_number
from tools import openapi

TABLE = yaml.safe_load((Path(__file__).parent / "authorization.yaml").read_text(encoding="utf-8"))
ROWS = {operation: TABLE["patterns"][pattern] for operation, pattern in TABLE["rows"].items()}
DECLARED = {declared.operation: declared for declared in openapi.declared()}
DENIED = (401, 403, 404)
REASON = {"reason": "测试所需的原因"}
OPINION = {"opinion": "同意"}
STICKER, TOMORROW = "tour_bus_sticker", "2026-11-03"
BODIES: dict[str, Any] = {
    "log_in_with_wechat": {"code": ""},
    "log_in_with_alipay": {"code": ""},
    "log_in_staff": {"username": "X", "password": "x", "code": "000000"},
    "refresh_session": {"refresh_token": ""},
    "bind_phone": {"credential": ""},
    "verify_real_name": {"name": "测试人", "id_number": "110105194912310021"},
    "register_organization": {"credit_code": "91350100M000100Y44"},
    "appoint_handler": {"name": "某人", "id_number": "110105194912310021", "scope": ["*"], "until": "2026-12-31"},
    "undo_merge": REASON,
    "create_application": {"service": "tour_bus_sticker"},
    "save_form": {"form": {}},
    "correct_application": {"form": {}},
    "approve_task": OPINION,
    "refuse_task": OPINION,
    "request_correction": {"items": [{"field": "/form/stops", "what": "补充"}]},
    "revoke_certificate": REASON,
    "add_relative": {"name": "某人", "id_number": "110105194912310021"},
    "issue_booking_ticket": {"hall": "{hall}", "services": [STICKER], "date": TOMORROW},
    "hold_place": {"hall": "{hall}", "services": [STICKER], "date": TOMORROW, "start": "09:00"},
    "give_up_hold": {"hold": "x"},
    "confirm_appointment": {"hold": "x"},
    "appeal_no_show": REASON,
    "decide_appeal": {"granted": True, "opinion": "情况属实"},
    "forgive_no_show": REASON,
    "forgive_day": {"day": "2026-11-01", **REASON},
    "join_waiting_list": {"hall": "{hall}", "services": [STICKER], "date": TOMORROW},
    "check_in_at_desk": {"code": "K7M29QXA4TB3"},
    "issue_ticket": {"services": [STICKER]},
    "take_ticket": {"hall": "{hall}", "services": [STICKER], "where": {}},
    "resume": {"number": "A001"},
    "cancel_bill": REASON,
    "create_payment": {"bills": []},
    "take_counter_payment": {"bills": [], "method": "cash", "amount": 1},
    "close_drawer": {"cash": 0, "card": 0},
    "request_refund": {"parts": {"sticker": 1}, **REASON},
    "reject_refund": REASON,
    "give_back_suspense": REASON,
    "assign_suspense": {"bills": []},
    "resolve_payment_case": REASON,
    "resolve_drawer": REASON,
    "link_treasury": {"from": "2026-11-01", "to": "2026-11-02", "form": "csv"},
    "transfer": {"window": "2"},
    "log_in_courier": {"platform": "wechat", "code": "", "credential": ""},
    "choose_delivery": {"mode": "electronic"},
    "request_originals": {"address": "0" * 26},
    "add_address": parcels.NEAR,
    "change_address": parcels.NEAR,
    "name_collector": {"name": "", "id_number": ""},
    "change_destination": {"mode": "pick_up"},
    "print_result": {"application_id": "0" * 26},
    "link_labels": {"shipments": ["0" * 26]},
    "lose_parcel": REASON,
    "recall_parcel": REASON,
    "remove_result": {"application_id": "0" * 26, **REASON},
    "fail_delivery": {"reason": "absent"},
    "open_handover": {"kind": "dispatch", "courier": "courier.a"},
    "confirm_handover": {"code": "x"},
    "take_consents": {"results": {"wxt_application_completed": "accept"}},
}
"""Bodies that pass the declaration's shape, or that an endpoint open to anyone refuses as bad input."""
QUERIES = {
    "read_progress": "?receipt={receipt}",
    "verify_certificate": "?number=1",
    "read_month": f"?month=2026-11&services={STICKER}",
    "read_day": f"?services={STICKER}",
    "read_statistics": "?day=2026-11-02",
    "find_payments": "?number=4200000000",
    "list_drawers": "?day=2026-11-02",
    "read_treasury": "?from=2026-11-01&to=2026-11-02",
    "list_parcels": "?desk=pack",
    "list_offers": "?hall={hall}",
    "quote_postage": "?division=320102",
    "read_carrier_statistics": "?carrier=city_couriers&day=2026-11-02",
    "list_notices": "?subject=APPLICATION%230",
}


def test_every_endpoint_has_its_row_and_every_row_its_endpoint() -> None:
    assert set(ROWS) == set(DECLARED)
    assert set(TABLE["patterns"]) == set(TABLE["rows"].values())
    assert all(len(row) == len(TABLE["columns"]) for row in ROWS.values())
    assert len({tuple(row) for row in TABLE["patterns"].values()}) == len(TABLE["patterns"]), (
        "two names for one pattern"
    )


PUBLIC = {
    "read_health": "monitoring",
    "log_in_with_wechat": "logs in",
    "log_in_with_alipay": "logs in",
    "log_in_staff": "logs in",
    "log_in_courier": "logs in",
    "refresh_session": "the refresh token is the proof",
    "list_services": "the catalogue is public",
    "read_service": "the catalogue is public",
    "list_halls": "the catalogue is public",
    "read_hall": "the catalogue is public",
    "read_month": "free places name nobody",
    "read_day": "free places name nobody",
    "read_board": "the hall's display names nobody",
    "read_progress": "the receipt number is the proof; it names nobody",
    "verify_certificate": "whoever sees a certificate may check it",
    "show_verification": "whoever sees a certificate may check it",
    "list_certificate_keys": "public keys",
    "list_revoked_certificates": "ids that say nothing by themselves",
    "fetch_print": "the link is the proof, and works once",
    "fetch_document": "the link is the proof, for five minutes",
    "read_ticket": "the ticket's id is the proof; it names nobody",
    "show_ticket": "the ticket's id is the proof; it names nobody",
    "notify_wechat_pay": "the platform's signature is the proof",
    "notify_alipay": "the platform's signature is the proof",
    "take_carrier_push": "the company's signature is the proof",
}
"""The endpoints that anyone may call, and why."""
NOT_A_TARGET = {
    "read_counter_bill": "the payer at the window says the number; each reading is recorded before it is shown",
    "change_address": "looked up in the caller's own address book",
    "remove_address": "looked up in the caller's own address book",
}
"""Endpoints with a place in the path that is not loaded and authorized as the target, and why."""


def faults_of_access(declared: endpoint.Endpoint) -> list[str]:
    """Whether an endpoint is open to anyone without being listed, or does not check what its path names."""
    faults = []
    if declared.access.anyone and declared.operation not in PUBLIC:
        faults.append(f"{declared.operation} is open to anyone")
    is_checked = declared.access.target is not None or declared.operation in {**PUBLIC, **NOT_A_TARGET}
    if "{" in declared.path and not is_checked:
        faults.append(f"{declared.operation} does not check what its path names")
    return faults


def test_every_endpoint_checks_what_its_path_names_and_the_public_ones_are_listed() -> None:
    assert [fault for declared in DECLARED.values() for fault in faults_of_access(declared)] == []
    assert set(PUBLIC) == {name for name, declared in DECLARED.items() if declared.access.anyone}


def test_the_law_of_access_finds() -> None:
    public = replace(DECLARED["read_health"], view=people)
    assert faults_of_access(public) == ["people is open to anyone"]
    unchecked = replace(DECLARED["read_me"], path="/v1/me/{name}")
    assert faults_of_access(unchecked) == ["read_me does not check what its path names"]


def people(world: World, enterprise: Enterprise) -> dict[str, Client]:
    """One client for each column."""
    number = new_id_number()
    path = f"/v1/organizations/{enterprise.organization_id}/mandates"
    body = {"name": "乙经办", "id_number": number, "scope": ["house_purchase_certificate"], "until": "2026-12-31"}
    assert enterprise.representative.post(path, body).status == 201
    return {
        "anonymous": world.anonymous(),
        "newcomer": world.log_in("wechat"),
        "stranger": world.real_person(),
        "owner": enterprise.client,
        "other_scope": world.real_person("乙经办", number).acting(enterprise.organization_id),
        "officer": world.staff("officer.a"),
        "elsewhere": world.staff("housing"),
        "supervisor": world.staff("supervisor"),
        "administrator": world.staff("administrator"),
        "kiosk": world.staff("hall.kiosk"),
        "treasurer": world.staff("treasurer.a"),
        "courier": world.staff("courier.a"),
    }


class Places(dict[str, str]):
    """The enterprise's objects for the places in paths and bodies; each is made when it is first named."""

    def __init__(self, enterprise: Enterprise, *units: str) -> None:
        super().__init__(code=STICKER, ticket="0011223344556677.x", number="1", day=TOMORROW, window="1")
        self["address_id"] = "0" * 26
        self.enterprise, self.units = enterprise, ["transport_bureau", *units]

    def __missing__(self, name: str) -> str:
        self[name] = str(getattr(self, f"_{name}")())
        return self[name]

    def path(self, operation: str) -> str:
        return (DECLARED[operation].path + QUERIES.get(operation, "")).format_map(self)

    def body(self, operation: str) -> Any:
        body = BODIES.get(operation, {})
        body = {**body, "hall": self["hall"]} if "hall" in body else body
        return {**body, "bills": [self["bill_id"]]} if "bills" in body else body

    def _application_id(self) -> str:
        waiting = self.enterprise.apply(route_class="inter_provincial")
        self["receipt"] = waiting["receipt"]
        return str(waiting["id"])

    def _receipt(self) -> str:
        self["application_id"] = self._application_id()
        return self["receipt"]

    def _task_id(self) -> str:
        return f"{self['application_id']}-review"

    def _certificate_id(self) -> str:
        return self.enterprise.certificate(plate=self.enterprise.plates[1])

    def _organization_id(self) -> str:
        return self.enterprise.organization_id

    def _mandate_id(self) -> str:
        path = f"/v1/organizations/{self.enterprise.organization_id}/mandates"
        return str(self.enterprise.representative.get(path).json["items"][0]["id"])

    def _account_id(self) -> str:
        return self.enterprise.representative.account_id

    def _relative_id(self) -> str:
        body = {"name": "甲代表", "id_number": self.enterprise.id_number}
        return str(self.enterprise.world.real_person().post("/v1/relatives", body).json["id"])

    def _hall(self) -> str:
        return self.enterprise.world.hall(units=self.units)

    def _appointment_id(self) -> str:
        assert self["waiter_id"], "who has an appointment cannot begin to wait"
        booker = Booker(self.enterprise.world, self.enterprise.client, self["hall"])
        return str(booker.book("14:30", services=[STICKER])["id"])

    def _waiter_id(self) -> str:
        body = {"hall": self["hall"], "services": [STICKER], "date": TOMORROW}
        return str(self.enterprise.client.post("/v1/waiting", body).json["id"])

    def _bill_id(self) -> str:
        return debts.bill(self.enterprise)

    def _order_id(self) -> str:
        opened = self.enterprise.client.post("/v1/payments", {"bills": [self["bill_id"]]})
        assert opened.status == 201, opened.json
        return str(opened.json["id"])

    def _refund_id(self) -> str:
        return debts.refund(self.enterprise)

    def _suspense_id(self) -> str:
        return debts.suspense()

    def _drawer_id(self) -> str:
        return debts.drawer(self.enterprise)

    def _shipment_id(self) -> str:
        return made.shipment(self.enterprise, self["hall"])

    def _handover_id(self) -> str:
        return made.handover(self["hall"], self["shipment_id"])

    def _letter_id(self) -> str:
        return made.letter()

    def _case_id(self) -> str:
        return debts.case()

    def _ticket_id(self) -> str:
        world = self.enterprise.world
        code = world.staff("officer.a").get(f"/v1/halls/{self['hall']}/check_in_code").json["code"]
        body = {"hall": self["hall"], "services": [STICKER], "where": {"code": code}}
        return str(self.enterprise.client.post("/v1/tickets", body).json["id"])


@pytest.mark.parametrize("operation", sorted(DECLARED))
def test_each_role_gets_what_the_table_says(world: World, operation: str) -> None:
    declared, enterprise = DECLARED[operation], world.enterprise()
    clients, places = people(world, enterprise), Places(enterprise, "service_center")
    path = places.path(operation)
    expected = dict(zip(TABLE["columns"], ROWS[operation], strict=True))
    for role in sorted(expected, key=lambda role: expected[role] == "ok"):
        answer = clients[role].call(declared.method, path, places.body(operation))
        if expected[role] == "ok":
            let_in = answer.status not in DENIED or operation.startswith(("log_in", "refresh"))
            assert let_in and answer.status < 500, (role, answer.json)
        else:
            assert answer.status == expected[role], (role, answer.status, answer.json)


PROTECTED = sorted(name for name, declared in DECLARED.items() if not declared.access.anyone)
BAD_TOKENS: dict[str, Callable[[str], str]] = {
    "of another audience": with_claims(aud="another-system"),
    "expired": with_claims(exp=1, iat=0),
    "empty": lambda token: "",
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_no_protected_endpoint_takes_a_bad_token(world: World, kind: str) -> None:
    genuine = world.real_person().token
    client = Client(world, BAD_TOKENS[kind](genuine) or " ")
    for operation in PROTECTED:
        path = DECLARED[operation].path.replace("{", "").replace("}", "")
        assert client.call(DECLARED[operation].method, path, BODIES.get(operation, {})).status == 401, operation


def elsewhere(world: World, declared: endpoint.Endpoint, officer: Client) -> Client:
    """Staff with a role that the declaration names, of a unit that has nothing to do with the object."""
    if declared.access.staff == ("courier",):
        return world.staff("courier.c")
    return officer if "officer" in declared.access.staff else world.staff("hall.supervisor")


def test_somebody_elses_object_answers_exactly_like_an_absent_one(world: World) -> None:
    enterprise, stranger, officer = world.enterprise(), world.real_person(), world.staff("housing")
    places, absent = Places(enterprise), Places(enterprise)
    absent |= {"application_id": "0" * 26, "certificate_id": "0" * 16, "task_id": "0" * 26 + "-review"}
    absent |= {"organization_id": "0" * 32, "mandate_id": "0" * 32, "appointment_id": "0" * 12, "waiter_id": "0" * 26}
    absent |= {"bill_id": "32010000000000000005", "order_id": "0" * 26, "refund_id": "0" * 26}
    absent |= {"shipment_id": "0" * 26, "handover_id": "0" * 26}
    absent |= {"ticket_id": "0" * 26, "relative_id": f"{'0' * 32}-{'0' * 32}", "hall": "no_such_hall"}
    for operation in PROTECTED:
        declared = DECLARED[operation]
        if declared.access.target is None or operation == "undo_merge" or declared.access.staff == ("treasurer",):
            continue
        if operation == "replay_letter":
            continue
        client = stranger if declared.access.person is not None else elsewhere(world, declared, officer)
        foreign, missing = (
            client.call(declared.method, values.path(operation), places.body(operation)) for values in (places, absent)
        )
        assert foreign.status == missing.status == 404, operation
        assert {**foreign.json, "request_id": ""} == {**missing.json, "request_id": ""}


def test_attributes_that_are_nobodys_business_are_refused_on_every_write(world: World) -> None:
    """Mass assignment: no body takes a field that is not in its declared type."""
    enterprise = world.enterprise()
    clients, places = people(world, enterprise), Places(enterprise)
    for operation, declared in DECLARED.items():
        if declared.body is None:
            continue
        allowed = dict(zip(TABLE["columns"], ROWS[operation], strict=True))
        role = next(name for name, verdict in allowed.items() if verdict == "ok")
        for name in ("role", "status", "version", "account_id", "applicant", "revision", "pk"):
            body = {**places.body(operation), name: "x"}
            answer = clients[role].call(declared.method, places.path(operation), body)
            assert answer.code in ("invalid_request", "too_many_requests"), (operation, name, answer.json)


def test_the_declarations_are_all_served() -> None:
    assert len(endpoint.REGISTRY) == len(DECLARED)
