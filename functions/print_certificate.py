"""What links lead to, certificates, receipts and reports: drawn by a function of its own, whose package is large."""

from __future__ import annotations

import os

from chalicelib import features
from chalicelib.certificates import routes as certificates
from chalicelib.delivery.service import parcels
from chalicelib.identity import service as identity
from chalicelib.kernel.edge import documents, endpoint
from chalicelib.kernel.edge.api import Api
from chalicelib.payments.service import documents as payment_documents

# These say with ``documents.made`` how their files are made: without them a link would lead to nothing here.
MAKERS = (parcels, payment_documents)

features.check_environment(os.environ)
handler = Api(app_name="banshi-print")
handler.mount(
    [
        declared
        for declared in endpoint.REGISTRY
        if declared.view in (certificates.fetch_print, documents.fetch_document)
    ],
    identity.sessions.authenticate,
)
