"""What holders hear about their certificates."""

from __future__ import annotations

from chalicelib.certificates import store
from chalicelib.certificates.service.issues import name_of
from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of a certificate concerns: its holder, or who has applied for it for an enterprise."""
    item = store.certificate(key, consistent=True)
    if item is None:
        return None
    name = name_of(item)
    values = {
        "id": announcements.same(item.id),
        "name": (name.zh, name.en),
        "number": announcements.same(item.number),
        "at": announcements.moment(change.at),
    }
    return Announcement(
        party=item.holder,
        handler=item.handler,
        values=values,
        service=item.service,
        version=item.service_version,
    )
