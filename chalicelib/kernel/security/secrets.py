"""This deployment's secrets from Secrets Manager, typed; a missing or malformed one is named, never its value.

They are one JSON object per deployment, read when first needed and again every ten minutes, so that a rotated one
arrives by itself. Which there are, the platforms say (``platforms/secrets.py``).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chalicelib.kernel import aws, errors, log
from chalicelib.kernel.settings import InvalidSettings, read_all, settings

_SECRETS_SECONDS = 600
S = TypeVar("S")


@dataclass
class Keeper(Generic[S]):
    """Keeps the secrets of one ``kind``, at most ten minutes old."""

    kind: type[S]
    known: S | None = None
    until: float = field(default=0.0)

    def get(self) -> S:
        """The secrets; the known ones while Secrets Manager does not answer."""
        if self.known is None or self.until < time.monotonic():
            self.known = self._load()
            self.until = time.monotonic() + _SECRETS_SECONDS
        return self.known

    def parse(self, text: str) -> S:
        """Read the secret's JSON object, whose names are the fields' upper-case names.

        Raises ``InvalidSettings`` that names each missing or malformed one with an example, never a value.
        """
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise InvalidSettings("The secrets are not a JSON object of texts")
        found: S = read_all([self.kind], given)[0]
        return found

    def _load(self) -> S:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = aws.client("secretsmanager").get_secret_value(SecretId=settings().secrets_name)
            return self.parse(answer["SecretString"])
        except (BotoCoreError, ClientError, InvalidSettings) as error:
            log.failure("secrets_not_loaded", error)
            if self.known is None:
                raise errors.UNAVAILABLE(retry_after=60) from None
            return self.known
