"""Composition root of the API: settings, and the endpoints of the kernel and of every feature."""

from chalicelib import features
from chalicelib.identity import service as identity
from chalicelib.kernel.edge import documents, endpoint, health
from chalicelib.kernel.edge.api import Api
from chalicelib.kernel.settings import settings

KERNEL = (health, documents)

settings()
features.load_routes()
app = Api(app_name="banshi")
app.mount(endpoint.REGISTRY, identity.authenticate)
