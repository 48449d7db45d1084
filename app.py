"""Composition root of the API: settings, and the endpoints of the kernel and of every feature."""

import os

from chalicelib import features
from chalicelib.identity import service as identity
from chalicelib.kernel.edge import endpoint
from chalicelib.kernel.edge.api import Api

features.check_environment(os.environ)
features.load_routes()
app = Api(app_name="banshi")
app.mount(endpoint.REGISTRY, identity.sessions.authenticate)
