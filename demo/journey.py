"""The parts of the demo in their order."""

from __future__ import annotations

from demo import deciding, delivery, hall, identity, payments, sticker, trust
from demo.client import Demo


def play(demo: Demo) -> None:
    """The whole journey."""
    buyer = play_stickers_and_halls(demo)
    deciding.play(demo)
    payments.play(demo)
    delivery.play(demo, buyer)
    trust.play(demo)


def play_stickers_and_halls(demo: Demo) -> tuple[str, str]:
    """The part without money and parcels; the buyer's name and ID number."""
    demo.set_registers()
    sticker.play(demo)
    identity.play(demo)
    buyer = sticker.new_buyer(demo)
    headers = sticker.house_purchase(demo, buyer)
    hall.play(demo, headers)
    return buyer
