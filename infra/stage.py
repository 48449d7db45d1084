"""A stage: one deployment of the system, described by ``infra/stages/<name>.toml``."""

from __future__ import annotations

import base64
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from cryptography.hazmat.primitives import serialization

from chalicelib import features
from chalicelib.kernel.settings import InvalidSettings, examples
from chalicelib.platforms.secrets import KEEPER
from infra import stack
from infra.reduce import PARTITIONS

EXAMPLE = stack.FOLDER / "stages" / "example.toml"
FOLDER = Path(os.environ.get("BANSHI_STAGES", EXAMPLE.parent))
_NAME = re.compile(r"[a-z][a-z0-9]{1,14}")
_OWN = {"region", "city"}


class InvalidStage(SystemExit):
    """The stage's file cannot be used; the message names every fault."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A deployment: where it is, which city it serves, and the parameters of its stack."""

    name: str
    region: str
    city: Path
    parameters: dict[str, str]

    @property
    def stack_name(self) -> str:
        return f"banshi-{self.name}"

    @property
    def secrets_name(self) -> str:
        return f"banshi-{self.name}-secrets"

    @property
    def production(self) -> bool:
        return self.parameters.get("Production") == "true"


def load(name: str) -> Stage:
    """Read and check a stage's file; raises ``InvalidStage`` naming all faults, each with an example."""
    if not _NAME.fullmatch(name):
        raise InvalidStage(
            f"{name!r} is no stage name: 2 to 15 lower-case letters and digits, for example: make deploy STAGE=test"
        )
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        known = sorted(found.stem for found in FOLDER.glob("*.toml") if found.stem != "example")
        raise InvalidStage(
            f"there is no {path}: copy infra/stages/example.toml to it and change the values"
            + (f" (there are the stages {', '.join(known)})" if known else "")
        )
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidStage(f"{path} is not TOML: {error}") from None
    wanted = {_snake(parameter): parameter for parameter in stack.parts()["Parameters"] if parameter != "Stage"}
    if faults := _faults(given, wanted):
        raise InvalidStage(f"{path} cannot be used:\n  " + "\n  ".join(faults))
    parameters = {wanted[key]: _text(value) for key, value in given.items() if key in wanted}
    city = stack.ROOT / given.get("city", "city")
    return Stage(name=name, region=given["region"], city=city, parameters={"Stage": name, **parameters})


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _faults(given: dict[str, Any], wanted: dict[str, str]) -> list[str]:
    described = stack.parts()["Parameters"]
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    faults = [f"{key} is not a setting of a stage: remove it" for key in given if key not in wanted.keys() | _OWN]
    for key in ("region", *wanted):
        parameter = described.get(wanted.get(key, ""), {})
        if key not in given:
            if "Default" not in parameter:
                faults.append(f"{key} is not set, for example {key} = {example[key]!r}")
        elif isinstance(given[key], list | dict) or _text(given[key]) == "":
            faults.append(f"{key} must be one value, for example {key} = {example.get(key, 'text')!r}")
        elif _text(given[key]) not in parameter.get("AllowedValues", [_text(given[key])]):
            faults.append(f"{key} must be one of {', '.join(parameter['AllowedValues'])}")
        elif parameter.get("Type") == "Number" and not (_text(given[key]).isdigit() and int(given[key]) > 0):
            faults.append(f"{key} must be a whole number above 0, for example {key} = {example[key]!r}")
        elif parameter.get("Type") != "Number" and not isinstance(given[key], str | bool):
            faults.append(f"{key} must be a text in quotes, for example {key} = {example.get(key, 'text')!r}")
    if "region" in given and given["region"] not in _regions():
        faults.append(f"region {given['region']!r} does not exist, for example region = {example['region']!r}")
    if "@" not in given.get("alarm_email", "@"):
        faults.append(f"alarm_email is no address, for example alarm_email = {example['alarm_email']!r}")
    if given.keys() & {"domain_name", "scan_domain_name"} and "domain_certificate_arn" not in given:
        faults.append("domain_certificate_arn is not set: the domains need a certificate in ACM, of the same region")
    settings = examples(features.settings_kinds()) | {
        key.upper(): _text(value) for key, value in given.items() if key in wanted
    }
    try:
        features.check_environment(settings)
    except InvalidSettings as invalid:
        faults += [line.strip() for line in str(invalid).splitlines()[1:]]
    return faults


def _regions() -> set[str]:
    session = botocore.session.get_session()
    return {region for partition in PARTITIONS for region in session.get_available_regions("dynamodb", partition)}


def check_secrets(stage: Stage, text: str) -> None:
    """Raise ``InvalidStage`` unless ``text`` holds every secret in its form; no value is shown."""
    try:
        key = base64.b64decode(KEEPER.parse(text).alipay_app_private_key)
        serialization.load_der_private_key(key, None)
    except ValueError:
        raise InvalidStage(f"the secrets of {stage.name}: ALIPAY_APP_PRIVATE_KEY is no private key (PKCS#8)") from None
    except InvalidSettings as invalid:
        raise InvalidStage(
            f"the secrets of {stage.name}: {invalid}\nEnter them: make secrets STAGE={stage.name}"
        ) from None
