"""Endpoints of delivery: the recipient's, the hall's, the courier's, and the carriers'."""

from chalicelib.delivery.routes import carriers, courier, hall, handovers, recipient

__all__ = ["carriers", "courier", "hall", "handovers", "recipient"]
