"""Composition root of the API: settings, and the endpoints of the kernel and of every feature."""

from chalicelib import features
from chalicelib.identity import service as identity
from chalicelib.kernel.edge import endpoint
from chalicelib.kernel.edge.api import Api
from chalicelib.platforms.settings import check_environment

check_environment()
features.load_routes()
app = Api(app_name="banshi")
app.mount(endpoint.REGISTRY, identity.sessions.authenticate)
