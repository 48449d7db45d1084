"""Where a service is reached, and with which key: from the environment; of a profile only the key is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore
from botocore.exceptions import NoCredentialsError, NoRegionError

from chalicelib.kernel.wire.signature import Credentials


class AwsService(NamedTuple):
    """How a service calls itself: in the environment, in its host and signature, and before an operation's name."""

    variable: str
    name: str
    target: str
    content_type: str


_JSON = "application/x-amz-json-"
SERVICES = {
    "dynamodb": AwsService(
        variable="DYNAMODB", name="dynamodb", target="DynamoDB_20120810", content_type=f"{_JSON}1.0"
    ),
    "kms": AwsService(variable="KMS", name="kms", target="TrentService", content_type=f"{_JSON}1.1"),
    "secretsmanager": AwsService(
        variable="SECRETS_MANAGER", name="secretsmanager", target="secretsmanager", content_type=f"{_JSON}1.1"
    ),
}


class ServiceAddress(NamedTuple):
    """Where to connect; ``authority`` is what the Host header says."""

    is_tls: bool
    host: str
    port: int
    authority: str

    @property
    def url(self) -> str:
        """The address, for messages."""
        scheme = "https" if self.is_tls else "http"
        return f"{scheme}://{self.authority}/"


def region() -> str:
    """The region of this deployment; raises ``NoRegionError``.

    ``AWS_DEFAULT_REGION`` wins, as in botocore, which knows no other name; Lambda is sure to set ``AWS_REGION``.
    """
    found = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION")
    if not found:
        raise NoRegionError
    return found


def address_of(service: AwsService) -> ServiceAddress:
    """The service's address: as the environment says, or the public one of the region."""
    given = os.environ.get(f"AWS_ENDPOINT_URL_{service.variable}") or os.environ.get("AWS_ENDPOINT_URL")
    if given:
        url = urlsplit(given)
        is_tls = url.scheme == "https"
        port = url.port or (443 if is_tls else 80)
        return ServiceAddress(is_tls=is_tls, host=url.hostname or "", port=port, authority=url.netloc)
    domain = "amazonaws.com.cn" if region().startswith("cn-") else "amazonaws.com"
    host = f"{service.name}.{region()}.{domain}"
    return ServiceAddress(is_tls=True, host=host, port=443, authority=host)


def authorities() -> str:
    """The file of the authorities whose certificates are believed."""
    return os.environ.get("AWS_CA_BUNDLE") or str(Path(botocore.__file__).with_name("cacert.pem"))


def credentials(session: Callable[[], Any]) -> Credentials:
    """The access key to sign with, as it is now; raises ``NoCredentialsError``.

    Lambda puts its role's key into the environment. On an engineer's machine it may come from a profile, which the
    botocore ``session`` knows, and renews; it is made only then.
    """
    key_id = os.environ.get("AWS_ACCESS_KEY_ID")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key_id and secret:
        return Credentials(key_id, secret, os.environ.get("AWS_SESSION_TOKEN", ""))
    found = session().get_credentials()
    if found is None:
        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")
