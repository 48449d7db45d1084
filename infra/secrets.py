"""``make secrets STAGE=...``: enters a stage's secrets into Secrets Manager; nothing is shown or kept here."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import fields

from chalicelib.platforms.secrets import Secrets
from infra import cloud
from infra import stage as stages
from infra.cloud import Cloud


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        raise SystemExit("name the stage: make secrets STAGE=test")
    return cloud.told(lambda: enter(Cloud(stages.load(arguments[0]))))


def enter(to: Cloud) -> int:
    """Ask for each secret (Enter keeps the present one), or read them as JSON from standard input; then store."""
    known = read(to) or {}
    given = _ask(known) if sys.stdin.isatty() else _read_input()
    if unknown := given.keys() - {item.name.upper() for item in fields(Secrets)}:
        raise SystemExit(f"there is no secret {', '.join(sorted(unknown))}; nothing was changed")
    text = json.dumps({**known, **given})
    stages.check_secrets(to.stage, text)
    put(to, text)
    print(f"stored {to.stage.secrets_name}; running functions use it within ten minutes")
    return 0


def _read_input() -> dict[str, str]:
    try:
        given: dict[str, str] = {**json.load(sys.stdin)}
    except (ValueError, TypeError):
        raise SystemExit("standard input is not a JSON object of secrets; nothing was changed") from None
    return given


def _ask(known: dict[str, str]) -> dict[str, str]:
    given = {}
    for item in fields(Secrets):
        name, keep = item.name.upper(), " (Enter keeps it)" if item.name.upper() in known else ""
        if value := getpass.getpass(f"{name}, {item.metadata['meaning']}{keep}: ").strip():
            given[name] = value
    return given


def read(of: Cloud) -> dict[str, str] | None:
    """What the secret holds; None when there is none."""
    store = of.client("secretsmanager")
    try:
        found: dict[str, str] = json.loads(store.get_secret_value(SecretId=of.stage.secrets_name)["SecretString"])
    except store.exceptions.ResourceNotFoundException:
        return None
    return found


def put(to: Cloud, text: str) -> None:
    store, name = to.client("secretsmanager"), to.stage.secrets_name
    try:
        store.put_secret_value(SecretId=name, SecretString=text)
    except store.exceptions.ResourceNotFoundException:
        store.create_secret(Name=name, SecretString=text, Description="Banshi: what only this deployment may know")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
