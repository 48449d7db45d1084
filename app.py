"""Composition root of the API: settings, and the endpoints of the kernel and of every feature."""

import gc
import os
import sys

if "STAGE" not in os.environ:
    # ``chalice local`` and ``chalice package`` come here: neither knows the settings, the tables, the other functions.
    # ``chalice local`` has a thread by now that waits for an app, so an exception would not end it.
    said = "Here `make run` takes the place of `chalice local`, and `make package` that of `chalice package`: README.md"
    print(said, file=sys.stderr, flush=True)
    os._exit(2)

# Nothing of what is imported here is garbage: the collector would look through all of it again and again.
gc.disable()

from chalicelib import features
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.api import Api
from chalicelib.kernel.edge.routing import LazyEndpoints


def authenticate(headers: dict[str, str]) -> Actor:
    """Who calls. The modules that check tokens are imported by the first request that needs a caller."""
    from chalicelib.identity import service as identity

    return identity.callers.authenticate(headers)


features.check_environment(os.environ)
app = Api(app_name="banshi")
app.mount(LazyEndpoints(features.resources(), features.load_resource, features.load_path), authenticate)
gc.freeze()
gc.enable()
