"""What links lead to, certificates, receipts and reports: drawn by a function of its own, whose package is large."""

from __future__ import annotations

import os

from chalicelib.certificates import routes as certificates
from chalicelib.certificates.settings import CertificateSettings
from chalicelib.delivery.service import parcels
from chalicelib.identity import service as identity
from chalicelib.kernel.edge import documents, endpoint, routing
from chalicelib.kernel.edge.api import Api
from chalicelib.kernel.settings import Settings, read_all
from chalicelib.payments.service import documents as payment_documents
from chalicelib.platforms.settings import PlatformSettings

# These say with ``documents.made`` how their files are made: without them a link would lead to nothing here.
MAKERS = (parcels, payment_documents)

# Named one by one: the list of features would bring all of them into this package.
read_all((Settings, PlatformSettings, CertificateSettings), os.environ)
handler = Api(app_name="banshi-print")
views = (certificates.fetch_print, documents.fetch_document)
handler.mount(
    routing.FixedEndpoints([declared for declared in endpoint.REGISTRY if declared.view in views]),
    identity.callers.authenticate,
)
