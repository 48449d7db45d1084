"""The processes that ``make run`` starts beside database and emulator: ``python -m local.serve api`` and others."""

from __future__ import annotations

import os
import sys

from local import environment as environments
from local import httpd, pump


def main(part: str) -> None:
    """Serve ``api``, ``simulators``, ``pump`` or another part of the pump until ended."""
    environment = environments.default()
    os.environ.update(environment.settings())
    if part == "api":
        from app import app
        from chalicelib import features
        from chalicelib.kernel import type_cache
        from local.gateway import Gateway

        features.load_routes()
        type_cache.describe_types()  # this API answers in threads
        httpd.server(environment.ports.api, Gateway(app, app.routes).handle).serve_forever()
    elif part == "simulators":
        from local import simulators

        simulators.serve(environment)
    else:
        pump.run(environment, part)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(0)
