"""The roles of staff that every feature may name; a feature may bring more (``Feature.roles``). Pure."""

from __future__ import annotations

SYSTEM_ADMINISTRATOR = "system_administrator"
SECURITY_ADMINISTRATOR = "security_administrator"
AUDIT_ADMINISTRATOR = "audit_administrator"
ADMINISTRATORS = (SYSTEM_ADMINISTRATOR, SECURITY_ADMINISTRATOR, AUDIT_ADMINISTRATOR)
"""系统管理员、安全管理员、审计管理员: three people who each can do nothing alone (GB/T 22239-2019, 8.1.5)."""
STAFF_ROLES = ("officer", "supervisor", *ADMINISTRATORS)
