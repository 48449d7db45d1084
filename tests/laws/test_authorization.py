"""The role table: every endpoint, every role, against what the declaration really does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.kernel import aws
from chalicelib.kernel.edge import endpoint
from scenes.world import Client, Enterprise, World, new_id_number
from tests.identity.persons import being
from tests.kernel.test_tokens import with_claims
from tests.laws.access import (
    DECLARED,
    EXPECTED,
    NOT_A_TARGET,
    PATTERNS,
    PUBLIC,
    ROWS,
    TABLE,
    Places,
    absent,
)

DENIED = (401, 403, 404)
EVERYWHERE = ("any_administrator", "any_system_administrator", "any_security_administrator", "any_treasurer")
"""Who may call it for the things of every unit: there is no other unit's thing to be refused."""


def test_every_endpoint_has_its_row_and_every_row_its_endpoint() -> None:
    assert set(ROWS) == set(DECLARED)
    assert set(TABLE["patterns"]) == set(PATTERNS.values())
    assert all(len(row) == len(TABLE["columns"]) for row in EXPECTED.values())
    assert len({tuple(row) for row in TABLE["patterns"].values()}) == len(TABLE["patterns"]), (
        "two names for one pattern"
    )


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


_known_staff: dict[str, Client] = {}


def staff(world: World, username: str) -> Client:
    """A staff member who may be logged in since another of these tests: logging in costs more than all the rest."""
    known = _known_staff.get(username)
    if known is None or known.world is not world or known.get("/v1/sessions").status != 200:
        known = world.staff(username)
        _known_staff[username] = known
    return known


def people(world: World, enterprise: Enterprise) -> dict[str, Client]:
    """One client for each column."""
    number = new_id_number()
    path = f"/v1/organizations/{enterprise.organization_id}/mandates"
    body = {"name": "乙经办", "id_number": number, "scope": ["house_purchase_certificate"], "until": "2026-12-31"}
    assert enterprise.representative.post(path, body).status == 201
    return {
        "anonymous": world.anonymous(),
        "newcomer": world.log_in("wechat"),
        "claimant": world.claimant(),
        "stranger": world.real_person(),
        "owner": enterprise.client,
        "other_scope": world.handler(enterprise, number),
        "officer": staff(world, "officer.a"),
        "head": staff(world, "transport.head"),
        "elsewhere": staff(world, "housing"),
        "supervisor": staff(world, "supervisor"),
        "system": staff(world, "administrator"),
        "security": staff(world, "security"),
        "auditor": staff(world, "auditor"),
        "kiosk": staff(world, "hall.kiosk"),
        "treasurer": staff(world, "treasurer.a"),
        "courier": staff(world, "courier.a"),
    }


@pytest.mark.parametrize("operation", sorted(DECLARED))
def test_each_role_gets_what_the_table_says(world: World, operation: str) -> None:
    declared, enterprise = DECLARED[operation], world.enterprise()
    clients, places = people(world, enterprise), Places(enterprise, "service_center")
    path = places.path(operation)
    expected = dict(zip(TABLE["columns"], EXPECTED[operation], strict=True))
    for role in sorted(expected, key=lambda role: expected[role] == "ok"):
        answer = clients[role].call(declared.method, path, places.body(operation))
        if expected[role] == "ok":
            let_in = answer.status not in DENIED or operation.startswith(("log_in", "refresh"))
            assert let_in and answer.status < 500, (role, answer.json)
        else:
            assert answer.status == expected[role], (role, answer.status, answer.json)


OWN = sorted(name for name, declared in DECLARED.items() if declared.access.own is not None)
NOBODYS = {
    "officer who gives a task back to the unit": "so that somebody else takes what has become an own matter",
    "any staff": "administrators decide about staff, and not about themselves (own_account)",
    "any session": "ends a session, whosever it is; nothing is shown",
    "holder": "one's own sessions",
    "staff of the hall": "what is about a hall, and not about a person; its parcels are looked at by themselves",
    "desk or kiosk of the hall": "the same",
    "counter or kiosk of the hall": "the same; a clerk does not hand out their own parcel (test below)",
    "clerk of the hall": "the same",
    "supervisor of the hall": "an amnesty is for everybody of a day",
    "giver or taker of the hand-over": "parcels between a hall and a carrier",
    "holder, desk or kiosk": "a ticket is called in its order",
    "visitor, who booked, or staff of the hall": "a clerk books like everybody; a desk shows what the person knows",
    "any treasurer of the city": "differences and drawers are about no payer",
    "any administrator of the city": "an operator's list without words",
    "administrator": "moves a case to another definition; nothing of it is shown or decided",
}
"""Staff's endpoints that concern nobody in person, by their relation; and why that is right."""
STAFF_COLUMNS = ("officer", "head", "supervisor", "security", "treasurer", "courier")
DISPUTED = {
    "read_dispute",
    "read_evidence",
    "give_to_prover",
    "keep_locked",
    "reopen_dispute",
    "read_archive",
    "give_back_suspense",
}
"""Of these the test's thing is somebody else's than the enterprise's: tests of their features look at them."""


def test_whatever_concerns_a_person_says_whose_own_matter_it_is() -> None:
    for operation, declared in DECLARED.items():
        if declared.access.staff and declared.access.target is not None and declared.access.own is None:
            assert declared.access.relation in NOBODYS, operation


@pytest.mark.parametrize("operation", [name for name in OWN if name not in DISPUTED])
def test_nobody_decides_about_an_own_matter(world: World, operation: str) -> None:
    declared, enterprise = DECLARED[operation], world.enterprise()
    clients, places = people(world, enterprise), Places(enterprise, "service_center")
    path = places.path(operation)
    expected = dict(zip(TABLE["columns"], EXPECTED[operation], strict=True))
    client = next(clients[role] for role in STAFF_COLUMNS if expected[role] == "ok")
    with being(client, enterprise.id_number):
        answer = client.call(declared.method, path, places.body(operation))
        assert answer.code == "own_matter", answer.json
    with being(client, ""):
        assert client.call(declared.method, path, places.body(operation)).code == "staff_identity_unknown"


PROTECTED = sorted(name for name, declared in DECLARED.items() if not declared.access.anyone)
BAD_TOKENS: dict[str, Callable[[str], str]] = {
    "of another audience": with_claims(aud="another-system"),
    "expired": with_claims(exp=1, iat=0),
    "empty": lambda token: "",
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_no_protected_endpoint_takes_a_bad_token(world: World, kind: str) -> None:
    genuine = world.real_person().token
    client = Client(world=world, token=BAD_TOKENS[kind](genuine) or " ")
    for operation in PROTECTED:
        path = DECLARED[operation].path.replace("{", "").replace("}", "")
        assert client.call(DECLARED[operation].method, path, ROWS[operation].get("body", {})).status == 401, operation


def elsewhere(world: World, declared: endpoint.Endpoint, officer: Client) -> Client:
    """Staff with a role that the declaration names, of a unit that has nothing to do with the object."""
    if declared.access.staff == ("courier",):
        return world.staff("courier.c")
    if "officer" in declared.access.staff:
        return officer
    return world.staff("housing.head" if "unit_head" in declared.access.staff else "hall.supervisor")


def test_somebody_elses_object_answers_exactly_like_an_absent_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words, and in what it makes the system do: whoever looks at a clock learns nothing either."""
    calls = counted_calls(monkeypatch)
    differing: dict[str, tuple[list[str], list[str]]] = {}
    enterprise, stranger, officer = world.enterprise(), world.real_person(), world.staff("housing")
    places = Places(enterprise)
    missing_ones = Places(enterprise)
    missing_ones |= absent()
    for operation in PROTECTED:
        declared = DECLARED[operation]
        if declared.access.target is None or PATTERNS[operation] in EVERYWHERE:
            continue
        body = places.body(operation)
        targets = [values.path(operation) for values in (places, missing_ones)]
        clients = [stranger] if declared.access.person is not None else []
        if declared.access.staff:
            clients.append(elsewhere(world, declared, officer))
        for client in clients:
            client.call(declared.method, targets[1], body)  # what a process reads once is read by now
            answers = []
            made = []
            for target in targets:
                calls.clear()
                answers.append(client.call(declared.method, target, body))
                made.append(sorted(calls))
            foreign, missing = answers
            if made[0] != made[1]:
                differing[operation] = (made[0], made[1])
            assert foreign.status == missing.status == 404, operation
            assert {**foreign.json, "request_id": ""} == {**missing.json, "request_id": ""}
    assert differing == {}


def counted_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the database from now on, each with its table."""
    client = aws.client("dynamodb")
    send = client._make_api_call
    calls: list[str] = []

    def counted(operation: str, parameters: dict[str, object]) -> object:
        calls.append(f"{operation} {parameters.get('TableName', '')}")
        return send(operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", counted)
    return calls


def test_attributes_that_are_nobodys_business_are_refused_on_every_write(world: World) -> None:
    """Mass assignment: no body takes a field that is not in its declared type."""
    enterprise = world.enterprise()
    clients, places = people(world, enterprise), Places(enterprise)
    for operation, declared in DECLARED.items():
        if declared.body is None:
            continue
        allowed = dict(zip(TABLE["columns"], EXPECTED[operation], strict=True))
        role = next(name for name, verdict in allowed.items() if verdict == "ok")
        for name in ("role", "status", "version", "account_id", "applicant", "revision", "pk"):
            body = {**places.body(operation), name: "x"}
            answer = clients[role].call(declared.method, places.path(operation), body)
            assert answer.code in ("invalid_request", "too_many_requests"), (operation, name, answer.json)


def test_the_declarations_are_all_served() -> None:
    assert len(endpoint.REGISTRY) == len(DECLARED)
