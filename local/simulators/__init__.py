"""Simulators of the outside world; they speak the real protocols with real signatures (docs/simulators.md)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from local import httpd
from local.environment import Environment
from local.simulators.alipay import Alipay
from local.simulators.base import Simulator
from local.simulators.carrier import Carrier
from local.simulators.departments import Departments
from local.simulators.fiscal import Fiscal
from local.simulators.sms import Sms
from local.simulators.wechat import WeChat
from local.simulators.wechat_pay import WeChatPay

_DELIVERY_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Simulators:
    """The running simulators."""

    wechat: WeChat
    wechat_pay: WeChatPay
    alipay: Alipay
    departments: Departments
    fiscal: Fiscal
    carrier: Carrier
    sms: Sms

    @property
    def all(self) -> tuple[Simulator, ...]:
        return self.wechat, self.wechat_pay, self.alipay, self.departments, self.fiscal, self.carrier, self.sms

    def deliver(self) -> int:
        """Send the notifications of the payment platforms and the carrier that are due; how many."""
        return self.wechat_pay.deliver() + self.alipay.deliver() + self.carrier.deliver()


def made(environment: Environment) -> Simulators:
    """The simulators of an installation, with its keys, not listening yet."""
    keys, settings = environment.keys, environment.settings()
    return Simulators(
        wechat=WeChat(settings["WECHAT_APP_ID"], keys["wechat_app_secret"]),
        wechat_pay=WeChatPay(
            settings["WECHAT_APP_ID"],
            (
                settings["WECHAT_PAY_MERCHANT_ID"],
                settings["WECHAT_PAY_MERCHANT_SERIAL"],
                environment.public_half("wechat_pay_private_key"),
            ),
            keys["wechat_pay_api_v3_key"],
            environment.wechat_pay_platform_private_keys,
            settings["WECHAT_PAY_URL"],
        ),
        alipay=Alipay(
            settings["ALIPAY_APP_ID"],
            settings["ALIPAY_SELLER_ID"],
            environment.public_half("alipay_app_private_key"),
            keys["alipay_private_key"],
            keys["alipay_content_key"],
            settings["ALIPAY_GATEWAY_URL"],
        ),
        departments=Departments(settings["DEPARTMENTS_CLIENT_ID"], keys["departments_secret"]),
        fiscal=Fiscal(settings["FISCAL_CLIENT_ID"], keys["fiscal_secret"]),
        carrier=Carrier(settings["CARRIER_CLIENT_ID"], keys["carrier_secret"], settings["PUBLIC_URL"]),
        sms=Sms(settings["SMS_CLIENT_ID"], keys["sms_secret"]),
    )


def start(environment: Environment) -> Simulators:
    """Start all simulators in threads of this process."""
    started, ports = made(environment), environment.ports
    for port, simulator in (
        (ports.wechat, started.wechat),
        (ports.wechat_pay, started.wechat_pay),
        (ports.alipay, started.alipay),
        (ports.departments, started.departments),
        (ports.fiscal, started.fiscal),
        (ports.carrier, started.carrier),
        (ports.sms, started.sms),
    ):
        threading.Thread(target=httpd.server(port, simulator.respond).serve_forever, daemon=True).start()
    return started


def keep_delivering(started: Simulators) -> None:
    """Send notifications as they fall due, for ever."""
    while True:
        started.deliver()
        time.sleep(_DELIVERY_SECONDS)


def serve(environment: Environment) -> None:
    """Start all simulators and stay."""
    keep_delivering(start(environment))
