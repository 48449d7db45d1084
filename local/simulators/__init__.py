"""Simulators of the outside world; they speak the real protocols with real signatures (docs/simulators.md)."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from local import httpd
from local.environment import Environment
from local.simulators.alipay import Alipay
from local.simulators.departments import Departments
from local.simulators.wechat import WeChat


@dataclass(frozen=True)
class Simulators:
    """The running simulators."""

    wechat: WeChat
    alipay: Alipay
    departments: Departments


def start(environment: Environment) -> Simulators:
    """Start all simulators in threads of this process."""
    keys, ports, settings = environment.keys, environment.ports, environment.settings()
    started = Simulators(
        WeChat(settings["WECHAT_APP_ID"], keys["wechat_app_secret"]),
        Alipay(
            settings["ALIPAY_APP_ID"],
            environment.alipay_app_public_key,
            keys["alipay_private_key"],
            keys["alipay_content_key"],
            settings["ALIPAY_GATEWAY_URL"],
        ),
        Departments(settings["DEPARTMENTS_CLIENT_ID"], keys["departments_secret"]),
    )
    for port, simulator in (
        (ports.wechat, started.wechat),
        (ports.alipay, started.alipay),
        (ports.departments, started.departments),
    ):
        threading.Thread(target=httpd.server(port, simulator.respond).serve_forever, daemon=True).start()
    return started


def serve(environment: Environment) -> None:
    """Start all simulators and stay."""
    start(environment)
    threading.Event().wait()
