"""How the applicant wants the result, and originals that a courier fetches."""

from __future__ import annotations

from chalicelib.applications import events, rules, store
from chalicelib.applications.service import schedule
from chalicelib.applications.service.drafts import definition_of
from chalicelib.applications.service.submissions import result_of
from chalicelib.applications.store import ApplicationItem
from chalicelib.delivery import service as delivery
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables

_BEFORE_RESULT = (
    rules.DRAFT, rules.RECEIVED, rules.CORRECTION, rules.ACCEPTED, rules.REVIEWED, rules.APPROVED,
)  # fmt: skip
_BEFORE_DECISION = (rules.RECEIVED, rules.CORRECTION, rules.ACCEPTED)


def choose_delivery(actor: Actor, item: ApplicationItem, wish: delivery.Wish) -> delivery.Choice:
    """Choose how the result is wanted, until there is one; afterwards its parcel has a destination of its own.

    Raises ``wrong_state``, ``changed_meanwhile`` and what ``delivery.choose`` raises.
    """
    if item.status not in _BEFORE_RESULT:
        raise rules.GRAPH.refusal(item.status)
    choice = delivery.choose(actor, definition_of(item).item, item.applicant, wish)
    store.set_delivery(item, choice)
    if item.status == rules.APPROVED and item.delivery is not None:
        schedule.keep_on_list(item)
    tables.write_or_conflict(changes.record(item, Event(events.DELIVERY_CHOSEN, actor, data={"mode": choice.mode})))
    return choice


def request_originals(actor: Actor, item: ApplicationItem, address_id: str, shipment_id: str) -> delivery.ShipmentItem:
    """Let a courier fetch originals for an application that is being handled.

    Raises ``wrong_state``, ``delivery_mode_not_offered``, ``address_unknown`` or ``no_carrier``.
    """
    definition = definition_of(item)
    if item.status not in _BEFORE_DECISION:
        raise rules.GRAPH.refusal(item.status)
    refuse_if(not definition.item.express, delivery.MODE_NOT_OFFERED, modes=", ".join(definition.item.modes))
    about = result_of(item, definition)
    return delivery.request_originals(actor, about, item.applicant, item.applicant_kind, address_id, shipment_id)
