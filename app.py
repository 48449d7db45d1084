"""Composition root of the API: settings, then one line for each feature."""

from chalicelib.applications import routes as applications
from chalicelib.appointments import routes as appointments
from chalicelib.catalog import routes as catalog
from chalicelib.certificates import routes as certificates
from chalicelib.delivery import routes as delivery
from chalicelib.identity import routes as identity
from chalicelib.identity import service as identity_service
from chalicelib.kernel import documents, endpoint, health
from chalicelib.kernel.api import Api
from chalicelib.kernel.settings import settings
from chalicelib.notices import routes as notices
from chalicelib.payments import routes as payments
from chalicelib.queueing import routes as queueing

FEATURES = (
    health, documents, identity, catalog, certificates, payments, delivery, applications, appointments, queueing,
    notices,
)  # fmt: skip

settings()
app = Api(app_name="banshi")
app.mount(endpoint.REGISTRY, identity_service.authenticate)
