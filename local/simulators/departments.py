"""The departments' exchange: registers of a demo city and the national identity check.

Contract: docs/departments.md.
"""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from chalicelib.kernel import clock
from local.simulators.signed import SignedSimulator

ENTERPRISE = "913201000532784301"
REPRESENTATIVE = ("甲代表", "320102197003076671")
HANDLER = ("乙经办", "320106198511223340")
DRIVER = ("丙驾驶", "320115198002291237")
BUYER = ("丁购房", "320102199003071239")


class Departments(SignedSimulator):
    """``registers`` maps a register's name and a key to records; the control ``registers`` replaces them."""

    def __init__(self, client_id: str, secret: str) -> None:
        super().__init__(client_id, secret)
        self.queries: list[dict[str, Any]] = []
        self.people = dict(number_and_name[::-1] for number_and_name in (REPRESENTATIVE, HANDLER, DRIVER, BUYER))
        self.deceased: set[str] = set()
        self.registers = demo_registers(clock.today())
        self._network_tokens: dict[str, str] = {}
        self._licence_tokens: dict[str, dict[str, Any]] = {}
        self.controls |= {
            "registers": self._put_records,
            "people": self._put_person,
            "deaths": self._put_death,
            "network_identities": self._mint_network_token,
            "business_licences": self._mint_licence_token,
        }

    def _put_records(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"register": ..., "key": ..., "records": [...]}``"""
        self.registers.setdefault(wanted["register"], {})[wanted["key"]] = wanted["records"]
        return wanted

    def _put_person(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"name": ..., "id_number": ...}``: known to the national check from now on."""
        self.people[wanted["id_number"]] = wanted["name"]
        return wanted

    def _put_death(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"id_number": ...}``: the national check says from now on that this person has died."""
        self.deceased.add(wanted["id_number"])
        return wanted

    def _mint_network_token(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"id_number": ...}``: a token of this person's app of the national network identity, good for one call."""
        token = secrets.token_urlsafe(24)
        self._network_tokens[token] = wanted["id_number"]
        return {"token": token}

    def _mint_licence_token(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """``{"credit_code": ..., "holder_id_number": ..., "until": ...}``: what a scan of a licence says, once."""
        token = secrets.token_urlsafe(24)
        self._licence_tokens[token] = wanted
        return {"token": token}

    def execute(self, path: str, wanted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/v1/identity-check":
            number = wanted["id_number"]
            return 200, {"match": self.people.get(number) == wanted["name"], "deceased": number in self.deceased}
        if path == "/v1/network-identity":
            holder = self._network_tokens.pop(wanted["token"], None)
            is_right_name = self.people.get(wanted["id_number"]) == wanted["name"]
            return 200, {"passed": holder == wanted["id_number"] and is_right_name}
        if path == "/v1/business-licence":
            licence = self._licence_tokens.pop(wanted["token"], None)
            return 200, {"passed": licence is not None, "licence": licence}
        if path == "/v1/query":
            if not wanted.get("purpose", {}).get("service"):
                return 400, {"error": "a query needs a purpose"}
            self.queries.append(wanted)
            return 200, {"records": self.registers.get(wanted["register"], {}).get(wanted["key"], [])}
        return 404, {"error": "no such path"}


def demo_registers(today: date) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The registers of the demo city, with dates around ``today``."""

    def later(days: int) -> str:
        return str(today + timedelta(days))

    def vehicle(plate: str, inspection: int) -> dict[str, Any]:
        return {
            "plate": plate,
            "owner": ENTERPRISE,
            "certificate_expires": later(700),
            "inspection_expires": later(inspection),
            "seats": 49,
        }

    vehicles = [vehicle("苏A12345", 300), vehicle("苏A67890", 300), vehicle("苏AD01234", 300)]
    driver = {
        "certificate": "3201000001",
        "name": DRIVER[0],
        "employer": ENTERPRISE,
        "expires": later(900),
        "category": "passenger",
    }
    insurance = {"from": later(-100), "to": later(265)}
    return {
        "business_licences": {
            ENTERPRISE: [
                {
                    "name": "示例旅游客运有限公司",
                    "status": "active",
                    "legal_representative": REPRESENTATIVE[0],
                    "legal_representative_id_number": REPRESENTATIVE[1],
                }
            ],
        },
        "transport_licences": {
            ENTERPRISE: [
                {
                    "number": "苏交运管许可宁字320100000001号",
                    "expires": later(1000),
                    "classes": ["intra_county", "inter_county", "inter_city", "inter_provincial"],
                    "status": "active",
                }
            ]
        },
        "vehicles_of_enterprise": {ENTERPRISE: vehicles},
        "drivers_of_enterprise": {ENTERPRISE: [driver]},
        "vehicles": {one["plate"]: [one] for one in vehicles},
        "drivers": {driver["certificate"]: [driver]},
        "carrier_insurance": {one["plate"]: [insurance] for one in vehicles},
        "guardians": {},
        "households": {BUYER[1]: [{"local": True, "marital_status": "single"}]},
        "social_insurance": {BUYER[1]: [{"months": 60}]},
        "housing": {BUYER[1]: [{"homes": 0, "under_review": False}]},
    }
