"""Composition root of the API: settings, then one line for each feature."""

from chalicelib.applications import routes as applications
from chalicelib.appointments import routes as appointments
from chalicelib.catalog import routes as catalog
from chalicelib.certificates import routes as certificates
from chalicelib.identity import routes as identity
from chalicelib.identity import service as identity_service
from chalicelib.kernel import endpoint, health
from chalicelib.kernel.api import Api
from chalicelib.kernel.settings import settings
from chalicelib.payments import routes as payments
from chalicelib.queueing import routes as queueing

FEATURES = (health, identity, catalog, applications, certificates, payments, appointments, queueing)

settings()
app = Api(app_name="banshi")
app.mount(endpoint.REGISTRY, identity_service.authenticate)
