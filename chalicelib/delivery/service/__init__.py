"""Use cases of delivery: address books, parcels, hand-overs, couriers, carriers. The door for other features."""

from chalicelib.delivery.rules import ELECTRONIC, MODE_NOT_OFFERED
from chalicelib.delivery.service import (
    addresses,
    carrying,
    choosing,
    collecting,
    handing,
    losing,
    moving,
    originals,
    packing,
    redirecting,
    statistics,
    telling,
    tracking,
    work,
)
from chalicelib.delivery.service.choosing import Wish, choose, prepare, shipment_of
from chalicelib.delivery.service.originals import request as request_originals
from chalicelib.delivery.service.packing import postage_paid
from chalicelib.delivery.service.work import attempt, sweep
from chalicelib.delivery.store import Choice, Result, ShipmentItem, shipment

__all__ = [
    "ELECTRONIC",
    "MODE_NOT_OFFERED",
    "Choice",
    "Result",
    "ShipmentItem",
    "Wish",
    "addresses",
    "attempt",
    "carrying",
    "choose",
    "choosing",
    "collecting",
    "handing",
    "losing",
    "moving",
    "originals",
    "packing",
    "postage_paid",
    "prepare",
    "redirecting",
    "request_originals",
    "shipment",
    "shipment_of",
    "statistics",
    "sweep",
    "telling",
    "tracking",
    "work",
]
