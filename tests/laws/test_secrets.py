"""No secret stands in the repository: keys, tokens and passwords of the shapes that detect-secrets knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from local.environment import ROOT

SHAPES = (
    "AWSKeyDetector", "ArtifactoryDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector",
    "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
"""Detectors of what has a shape of its own. Those of long random texts find every hash and every certificate number."""
WORDS = (*SHAPES, "KeywordDetector")
"""And whatever is called a secret or a password: for files that describe a deployment or a city."""
SETTINGS = ("infra/stages/", "city/", ".chalice/")
NO_TEXT = (".bin", ".png", ".jpg", ".ttf", ".pdf")


def secrets_in(files: list[Path], detectors: tuple[str, ...]) -> list[str]:
    """What the detectors find, as ``file:line kind``."""
    found = SecretsCollection()
    with transient_settings({"plugins_used": [{"name": name} for name in detectors]}):
        for file in files:
            found.scan_file(str(file))
    return sorted(f"{file}:{secret.line_number} {secret.type}" for file, secret in found)


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if not name.endswith(NO_TEXT) and (ROOT / name).is_file()]


def test_no_file_of_the_repository_holds_a_secret() -> None:
    names = tracked()
    assert len(names) > 500
    settings = [ROOT / name for name in names if name.startswith(SETTINGS)]
    others = [ROOT / name for name in names if not name.startswith(SETTINGS)]
    assert secrets_in(settings, WORDS) == []
    assert secrets_in(others, SHAPES) == []


@pytest.mark.parametrize("kind", ["private key", "access key", "access token", "password"])
def test_the_law_of_secrets_finds(tmp_path: Path, kind: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    # written in parts: this file is looked through too
    planted = {
        "private key": pem,
        "access key": "key = '" + "AKIA" + "IOSFODNN7ABCDEFG" + "'",
        "access token": "token = 'eyJhbGciOiJFUzI1NiJ9" + ".eyJzdWIiOiJhIn0" + ".c2lnbmF0dXJlc2lnbmF0dXJl'",
        "password": "sms_" + "password" + ' = "correct-horse-battery"',
    }
    file = tmp_path / "stage.toml"
    file.write_text(planted[kind], encoding="utf-8")
    assert len(secrets_in([file], WORDS)) == 1
