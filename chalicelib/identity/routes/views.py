"""What several of the endpoints of identity answer."""

from __future__ import annotations

from chalicelib.identity import service
from chalicelib.identity.routes.shapes import MandateList, MandateView
from chalicelib.identity.store.mandates import MandateItem
from chalicelib.kernel.storage import tables


def mandate_view(mandate: MandateItem) -> MandateView:
    return MandateView(
        id=mandate.id,
        principal_kind=mandate.principal_kind,
        principal_id=mandate.principal_id,
        principal_name=service.mandates.principal_name(mandate),
        holder=service.mandates.holder_name(mandate),
        role=mandate.role,
        scope=list(mandate.scope),
        until=mandate.until,
        status=mandate.status,
        valid=service.mandates.holds(mandate),
    )


def mandate_list(page: tables.Page) -> MandateList:
    return MandateList([mandate_view(mandate) for mandate in page.items], page.cursor)
