"""What links lead to, certificates, receipts and reports: drawn by a function of its own, whose package is large."""

from __future__ import annotations

from chalicelib.certificates import routes as certificates
from chalicelib.identity import service as identity
from chalicelib.kernel import endpoint
from chalicelib.kernel.api import Api
from chalicelib.kernel.settings import settings
from chalicelib.payments import routes as payments

settings()
handler = Api(app_name="banshi-print")
handler.mount(
    [
        declared
        for declared in endpoint.REGISTRY
        if declared.view in (certificates.fetch_print, payments.fetch_document)
    ],
    identity.authenticate,
)
