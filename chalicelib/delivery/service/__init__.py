"""Use cases of delivery: address books, parcels, hand-overs, couriers, carriers. The door for other features."""

from chalicelib.delivery.rules import ELECTRONIC, MODE_NOT_OFFERED, SHIPMENTS
from chalicelib.delivery.service import (
    addresses,
    carriers,
    choices,
    contests,
    copies,
    counter,
    couriers,
    destinations,
    erasure,
    handovers,
    losses,
    originals,
    parcels,
    statistics,
    transitions,
)
from chalicelib.delivery.service.choices import Wish, choose, prepare, shipment_of
from chalicelib.delivery.service.originals import request as request_originals
from chalicelib.delivery.service.parcels import postage_paid
from chalicelib.delivery.store import Choice, Result, ShipmentItem, shipment

__all__ = [
    "ELECTRONIC",
    "MODE_NOT_OFFERED",
    "SHIPMENTS",
    "Choice",
    "Result",
    "ShipmentItem",
    "Wish",
    "addresses",
    "carriers",
    "choices",
    "choose",
    "contests",
    "copies",
    "counter",
    "couriers",
    "destinations",
    "erasure",
    "handovers",
    "losses",
    "originals",
    "parcels",
    "postage_paid",
    "prepare",
    "request_originals",
    "shipment",
    "shipment_of",
    "statistics",
    "transitions",
]
