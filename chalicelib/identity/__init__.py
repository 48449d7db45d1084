"""Who somebody is: logins, accounts, claims and proofs, enterprises and who acts for them, staff."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="identity",
    title="登录、实名、企业与授权 Log-in, real name, enterprises and mandates",
    routes=("routes",),
    paths=(
        "accounts",
        "auth",
        "browser_logins",
        "counter",
        "disputes",
        "mandates",
        "me",
        "organizations",
        "readings",
        "relatives",
        "sessions",
        "staff",
        "wards",
    ),
    tables={"identity": True},
    events="events",
    graphs={
        "browser login": "session_rules:BROWSER_LOGINS",
        "disputed identity": "rules:DISPUTES",
        "mandate": "mandate_rules:MANDATES",
        "session": "session_rules:SESSIONS",
        "staff member": "staff_rules:STAFF",
    },
    tells=("ACCOUNT", "ORGANIZATION", "READING"),
)
