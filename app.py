"""Composition root of the API: settings, and the endpoints of the kernel and of every feature."""

import os
import sys

if "STAGE" not in os.environ:
    # ``chalice local`` and ``chalice package`` come here: neither knows the settings, the tables, the other functions.
    # ``chalice local`` has a thread by now that waits for an app, so an exception would not end it.
    said = "Here `make run` takes the place of `chalice local`, and `make package` that of `chalice package`: README.md"
    print(said, file=sys.stderr, flush=True)
    os._exit(2)

from chalicelib import features
from chalicelib.identity import service as identity
from chalicelib.kernel.edge import endpoint
from chalicelib.kernel.edge.api import Api

features.check_environment(os.environ)
features.load_routes()
app = Api(app_name="banshi")
app.mount(endpoint.REGISTRY, identity.callers.authenticate)
