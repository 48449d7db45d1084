"""The PDF behind a print link: a function of its own, because fonts and drawing are most of its package."""

from __future__ import annotations

from chalicelib.certificates import routes
from chalicelib.identity import service as identity
from chalicelib.kernel import endpoint
from chalicelib.kernel.api import Api
from chalicelib.kernel.settings import settings

settings()
handler = Api(app_name="banshi-print")
handler.mount(
    [declared for declared in endpoint.REGISTRY if declared.operation == routes.fetch_print.__name__],
    identity.authenticate,
)
