"""One installation on this machine: its folder, its ports, its generated secrets, its settings."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import pyotp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.platforms.secrets import Secrets
from local.template import ACCOUNT, REGION

STAGE = "dev"
ROOT = Path(__file__).parent.parent
STAFF = (
    ("officer.a", "审核员甲 Officer A", "transport_bureau", ["officer"]),
    ("officer.b", "审核员乙 Officer B", "transport_bureau", ["officer"]),
    ("housing", "住房审核员 Housing officer", "housing_bureau", ["officer"]),
    ("transport.head", "交通处长 Head of transport", "transport_bureau", ["unit_head"]),
    ("supervisor", "监察员 Supervisor", "transport_bureau", ["supervisor"]),
    ("window.1", "窗口人员甲 Clerk 1", "service_center", ["officer"]),
    ("window.2", "窗口人员乙 Clerk 2", "service_center", ["officer"]),
    ("window.3", "窗口人员丙 Clerk 3", "service_center", ["officer"]),
    ("hall.supervisor", "大厅主管 Hall supervisor", "service_center", ["supervisor"]),
    ("hall.kiosk", "大厅自助机 Kiosk", "service_center", ["kiosk"]),
    ("treasurer.a", "财务人员甲 Treasurer A", "finance_bureau", ["treasurer"]),
    ("treasurer.b", "财务人员乙 Treasurer B", "finance_bureau", ["treasurer"]),
    ("registrar", "不动产登记员 Registrar", "natural_resources", ["officer"]),
    ("registrar.head", "不动产登记科长 Head registrar", "natural_resources", ["officer", "supervisor"]),
    ("planner", "规划审核员 Planner", "natural_resources", ["officer"]),
    ("planner.b", "规划审核员乙 Planner B", "natural_resources", ["officer"]),
    ("planning.head", "规划处长 Head of planning", "natural_resources", ["unit_head"]),
    ("housing.b", "住房审核员乙 Housing officer B", "housing_bureau", ["officer"]),
    ("housing.head", "住房处长 Head of housing", "housing_bureau", ["unit_head"]),
    ("ecology", "生态环境审核员 Ecology officer", "ecology_bureau", ["officer"]),
    ("shelter", "人防审核员 Civil defence officer", "civil_defence", ["officer"]),
    ("courier.a", "快递员甲 Courier A", "city_couriers", ["courier"]),
    ("courier.b", "快递员乙 Courier B", "city_couriers", ["courier"]),
    ("courier.c", "外地快递员 Courier C", "national_post", ["courier"]),
    ("administrator", "系统管理员 System administrator", "service_center", ["system_administrator"]),
    ("security", "安全管理员 Security administrator", "service_center", ["security_administrator"]),
    ("auditor", "审计管理员 Audit administrator", "service_center", ["audit_administrator"]),
)
COURIER_PHONES = {"courier.a": "13900000001", "courier.b": "13900000002"}


class BrokenData(SystemExit):
    """The data folder cannot be used; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where everything listens, all on 127.0.0.1."""

    api: int = 8000
    database: int = 8090
    aws: int = 8091
    wechat: int = 8101
    alipay: int = 8102
    departments: int = 8103
    wechat_pay: int = 8104
    fiscal: int = 8105
    carrier: int = 8106
    sms: int = 8107

    @classmethod
    def from_env(cls) -> Ports:
        """The defaults, each changed by ``BANSHI_<NAME>_PORT``."""
        given = {name: os.environ.get(f"BANSHI_{name.upper()}_PORT") for name in cls.__dataclass_fields__}
        try:
            return cls(**{name: int(value) for name, value in given.items() if value})
        except ValueError:
            raise SystemExit("a BANSHI_..._PORT setting is not a number, for example BANSHI_API_PORT=8000") from None


@dataclass(frozen=True)
class Environment:
    """The folder ``data`` and the ports of one installation."""

    data: Path
    ports: Ports

    @property
    def keys(self) -> dict[str, str]:
        """The installation's secrets, made once and kept in ``secrets.json``."""
        path = self.data / "secrets.json"
        if path.exists():
            try:
                kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                raise BrokenData(
                    f"{path} is damaged: restore it, or delete the folder {self.data} to begin anew (all data is lost)"
                ) from None
            if set(kept) >= set(_SECRETS):
                return kept
        else:
            kept = {}
        made = {name: make() for name, make in _SECRETS.items() if name not in kept}
        write_atomically(path, json.dumps(kept | made, indent=1))
        return kept | made

    def settings(self) -> dict[str, str]:
        """The environment variables of the API and the functions."""
        ports = self.ports
        prefix = f"banshi-{STAGE}"
        return {
            "STAGE": STAGE,
            "PUBLIC_URL": f"http://127.0.0.1:{ports.api}",
            "CORS_ORIGINS": "http://127.0.0.1:5173,http://localhost:5173",  # a front end's development server
            "SCAN_URL_PREFIX": f"http://127.0.0.1:{ports.api}/b/",
            "TABLE_PREFIX": f"{prefix}-",
            "SECRETS_NAME": f"{prefix}-secrets",
            "AUDIT_BUCKET": f"{prefix}-audit-{ACCOUNT}",
            "HISTORY_FAILURES_URL": f"http://127.0.0.1:{ports.aws}/{ACCOUNT}/{prefix}-history-failures",
            "DATA_KEY": f"alias/{prefix}-data",
            "AUDIT_KEY": f"alias/{prefix}-audit",
            "TOKEN_KEYS": f"t1=alias/{prefix}-token-1",
            "CERTIFICATE_KEYS": f"1=alias/{prefix}-certificate-1",
            "WECHAT_API_URL": f"http://127.0.0.1:{ports.wechat}",
            "WECHAT_APP_ID": "wx0123456789abcdef",
            "ALIPAY_GATEWAY_URL": f"http://127.0.0.1:{ports.alipay}/gateway.do",
            "ALIPAY_APP_ID": "2021000000000001",
            "ALIPAY_PUBLIC_KEY": self.public_half("alipay_private_key"),
            "ALIPAY_SELLER_ID": "2088000000000001",
            "WECHAT_PAY_URL": f"http://127.0.0.1:{ports.wechat_pay}",
            "WECHAT_PAY_MERCHANT_ID": "1900000001",
            "WECHAT_PAY_MERCHANT_SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
            "WECHAT_PAY_PLATFORM_KEYS": ",".join(
                f"{serial}={self.public_half(name)}" for serial, name in _PLATFORM_KEYS.items()
            ),
            "FISCAL_URL": f"http://127.0.0.1:{ports.fiscal}",
            "FISCAL_CLIENT_ID": "banshi",
            "CARRIER_URL": f"http://127.0.0.1:{ports.carrier}",
            "CARRIER_CLIENT_ID": "banshi",
            "SMS_CLIENT_ID": "banshi",
            "SMS_PROVIDERS": ",".join(f"{name}=http://127.0.0.1:{ports.sms}/{name}" for name in ("first", "second")),
            "DEPARTMENTS_URL": f"http://127.0.0.1:{ports.departments}",
            "DEPARTMENTS_CLIENT_ID": "banshi",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports.aws}",
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{ports.database}",
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": f"http://127.0.0.1:{ports.database}",
        }

    @property
    def secrets(self) -> dict[str, str]:
        """What the deployment's secret holds."""
        return {item.name.upper(): self.keys[item.name] for item in fields(Secrets)}

    def public_half(self, name: str) -> str:
        """The public key of one of the installation's private keys, base64 of SPKI DER."""
        return _public_half(self.keys[name])

    @property
    def wechat_pay_platform_private_keys(self) -> dict[str, str]:
        """What the simulator of WeChat Pay signs with, by serial: its public key's half, its certificate's half."""
        return {serial: self.keys[name] for serial, name in _PLATFORM_KEYS.items()}

    def staff(self) -> dict[str, dict[str, str]]:
        """Password and second-factor secret of each demo staff member, made once, in ``staff.json``."""
        path = self.data / "staff.json"
        kept: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        missing = [username for username, *_ in STAFF if username not in kept]
        if missing:
            for username in missing:
                kept[username] = {"password": secrets.token_urlsafe(9), "totp_secret": pyotp.random_base32()}
            write_atomically(path, json.dumps(kept, indent=1))
        return kept


def default() -> Environment:
    """The installation of this repository: ``.data/`` (or BANSHI_DATA) and the default ports."""
    data = Path(os.environ.get("BANSHI_DATA", ROOT / ".data"))
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "logs").mkdir(exist_ok=True)
    except OSError as error:
        raise BrokenData(
            f"the data folder {data} cannot be used ({error.strerror}); set BANSHI_DATA to another"
        ) from None
    check_format(data)
    return Environment(data, Ports.from_env())


FORMAT = "7"
"""How things are stored; another one cannot be read. Counted up when stored items change their shape."""


def check_format(data: Path) -> None:
    """Refuse a folder that another version of the program has written."""
    kept = data / "format"
    found = kept.read_text(encoding="utf-8").strip() if kept.exists() else ""
    if found == FORMAT:
        return
    if found or (data / "secrets.json").exists():
        raise BrokenData(
            f"{data} was written by another version of Banshi and cannot be read by this one: delete the folder to "
            "begin anew (all its data is lost), or set BANSHI_DATA to another"
        )
    write_atomically(kept, FORMAT)


def write_atomically(path: Path, text: str) -> None:
    """Write a private file so that a crash leaves the old one or the new one, never half of it."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _new_rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return base64.b64encode(der).decode()


def _public_half(private: str) -> str:
    key = serialization.load_der_private_key(base64.b64decode(private), None)
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


_PLATFORM_KEYS = {
    "PUB_KEY_ID_0119000000012026112100000000000001": "wechat_pay_public_mode_key",
    "3A5F09EFDC096DE15EBE81A47057A7232F1B8E10": "wechat_pay_certificate_key",
}
_SECRETS: dict[str, Callable[[], str]] = {
    "wechat_app_secret": lambda: secrets.token_hex(16),
    "wechat_pay_private_key": _new_rsa_key,
    "wechat_pay_api_v3_key": lambda: secrets.token_hex(16),
    "wechat_pay_public_mode_key": _new_rsa_key,
    "wechat_pay_certificate_key": _new_rsa_key,
    "alipay_app_private_key": _new_rsa_key,
    "alipay_private_key": _new_rsa_key,
    "alipay_content_key": lambda: base64.b64encode(secrets.token_bytes(16)).decode(),
    "departments_secret": lambda: secrets.token_hex(32),
    "carrier_secret": lambda: secrets.token_hex(32),
    "sms_secret": lambda: secrets.token_hex(32),
    "fiscal_secret": lambda: secrets.token_hex(32),
}
