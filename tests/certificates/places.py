"""What the places in the paths of certificates stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from functions import list_certificates
from tests.laws.access import Places

ABSENT = {"certificate_id": "0" * 16}


def certificate_id(places: Places) -> str:
    return places.enterprise.certificate(plate=places.enterprise.plates[1])


def number(places: Places) -> str:
    """What a QR code says, or a counter bill's number: none that exists."""
    return "1"


def offline_part(places: Places) -> str:
    """A part of a list that was just made."""
    list_certificates.handler({})
    return "1"
