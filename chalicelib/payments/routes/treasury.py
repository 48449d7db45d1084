"""Endpoints of payments: the treasury's desk."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import service as identity
from chalicelib.kernel import errors, ids
from chalicelib.kernel.access import OWN_ERRORS, Access, Actor
from chalicelib.kernel.edge.documents import DocumentLink
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.shapes import ListQuery
from chalicelib.payments import rules, service, store
from chalicelib.payments.routes.shapes import PAYING_ERRORS, BillIds, PaymentReason, any_bill, named_bills
from chalicelib.payments.routes.views import (
    CaseList,
    CaseView,
    DrawerList,
    DrawerView,
    PaymentView,
    RefundView,
    SuspenseList,
    SuspenseView,
    case_view,
    drawer_view,
    payment_view,
    refund_view,
    suspense_view,
)
from chalicelib.payments.service.ledger import Report
from chalicelib.payments.store import CaseItem, DrawerItem, SuspenseItem


def _anyone_of_role(_actor: Actor, _item: object) -> bool:
    return True


TREASURER = Access(staff=("treasurer",))


def _concerns(actor: Actor, item: SuspenseItem) -> bool:
    """Whether the money came for an order of the treasurer's own; nobody's, if there is no such order."""
    order = store.order(item.order)
    return identity.own_matters.is_own(actor, order.payer if order is not None else "")


HELD_MONEY = Access(
    staff=("treasurer",),
    target=store.suspense,
    related=_anyone_of_role,
    relation="any treasurer of the city",
    own=_concerns,
)


DIFFERENCE = Access(
    staff=("treasurer",), target=store.case, related=_anyone_of_role, relation="any treasurer of the city"
)


DRAWER = Access(
    staff=("treasurer",), target=store.drawer_by_id, related=_anyone_of_role, relation="any treasurer of the city"
)


class Assignment(msgspec.Struct, forbid_unknown_fields=True):
    """The bills that money in suspense pays."""

    bills: BillIds


class DrawerQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A day, and where the next part of its list begins."""

    day: date
    cursor: Annotated[str, Meta(max_length=512)] | None = None


class SpanQuery(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """The first and the last day."""

    first: date
    last: date


class ReportRequest(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """The first and the last day, and the file's form."""

    first: date
    last: date
    form: Literal["csv", "xlsx"]


@endpoint("GET", "/v1/suspense", TREASURER)
def list_suspense(query: ListQuery) -> SuspenseList:
    """Money that fits no bill and waits for a decision."""
    page = store.listed(SuspenseItem, store.suspense_list(rules.HELD), query.cursor)
    return SuspenseList([suspense_view(item) for item in page.items], page.cursor)


@endpoint(
    "POST",
    "/v1/suspense/{suspense_id}/give_back",
    HELD_MONEY,
    status=201,
    idempotent=True,
    errors=[rules.SUSPENSE_STATE, errors.CONFLICT],
)
def give_back_suspense(actor: Actor, target: SuspenseItem, body: PaymentReason) -> RefundView:
    """Give money in suspense back to its payer; above the city's limit a second person has to approve."""
    return refund_view(service.refunds.give_back(actor, target, body.reason))


@endpoint(
    "POST",
    "/v1/suspense/{suspense_id}/propose",
    HELD_MONEY,
    errors=[rules.SUSPENSE_STATE, rules.AMOUNT_DIFFERS, errors.NOT_FOUND, errors.CONFLICT],
)
def propose_assignment(actor: Actor, target: SuspenseItem, body: Assignment) -> SuspenseView:
    """Say which bills money in suspense is for; above the city's limit another treasurer has to assign it."""
    service.counter.propose(actor, target, named_bills(body.bills, any_bill))
    return suspense_view(target)


@endpoint(
    "POST",
    "/v1/suspense/{suspense_id}/assign",
    HELD_MONEY,
    status=201,
    idempotent=True,
    errors=[
        *PAYING_ERRORS,
        rules.SUSPENSE_STATE,
        rules.AMOUNT_DIFFERS,
        rules.OTHER_PAYMENT_OPEN,
        rules.PROPOSAL_NEEDED,
        rules.TWO_PERSONS,
    ],
)
def assign_suspense(actor: Actor, target: SuspenseItem, body: Assignment, request: Request) -> PaymentView:
    """Money in suspense turned out to be for these bills."""
    wanted = named_bills(body.bills, any_bill)
    order_id = ids.derived_id("assignment", request.key)
    return payment_view(service.counter.assign(actor, target.id, wanted, order_id), {})


@endpoint("GET", "/v1/payment_cases", TREASURER)
def list_payment_cases(query: ListQuery) -> CaseList:
    """Differences between the platforms' bills and the ledger that wait for a person."""
    page = store.listed(CaseItem, store.case_list(rules.OPEN), query.cursor)
    return CaseList([case_view(item) for item in page.items], page.cursor)


@endpoint("POST", "/v1/payment_cases/{case_id}/resolve", DIFFERENCE, errors=[errors.CONFLICT])
def resolve_payment_case(actor: Actor, target: CaseItem, body: PaymentReason) -> CaseView:
    """Note that a difference has been dealt with, and how."""
    service.reconciliation.resolve(actor, target, body.reason)
    return case_view(target)


@endpoint("GET", "/v1/drawers", TREASURER)
def list_drawers(query: DrawerQuery) -> DrawerList:
    """The drawers of a day: who has not closed, whose count differs."""
    page = store.listed(DrawerItem, f"DRAWERS#{query.day}", query.cursor)
    return DrawerList([drawer_view(item) for item in page.items], page.cursor)


@endpoint("POST", "/v1/drawers/{drawer_id}/resolve", DRAWER, errors=[errors.CONFLICT, *OWN_ERRORS])
def resolve_drawer(actor: Actor, target: DrawerItem, body: PaymentReason) -> DrawerView:
    """Note that a difference has been dealt with, and how."""
    service.counter.resolve_drawer(actor, target, body.reason)
    return drawer_view(target)


@endpoint("GET", "/v1/treasury", TREASURER, errors=[rules.SPAN_TOO_LONG])
def read_treasury(query: SpanQuery) -> Report:
    """What each unit's items brought, day by day; sums to the ledger."""
    return service.ledger.report(query.first, query.last)


@endpoint("POST", "/v1/treasury/links", TREASURER, errors=[rules.SPAN_TOO_LONG])
def link_treasury(body: ReportRequest) -> DocumentLink:
    """A link to the report as CSV or Excel, for five minutes."""
    return service.documents.report_link(body.first, body.last, body.form)
