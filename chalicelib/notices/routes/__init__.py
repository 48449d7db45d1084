"""Endpoints of messages, by who calls them: readers and operators."""

from chalicelib.notices.routes import operator, reader

__all__ = ["operator", "reader"]
