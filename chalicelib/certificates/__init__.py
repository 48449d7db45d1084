"""Issued results: certificates with their prints, QR codes, scans and revocation."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="certificates",
    title="电子证照：打印、核验、撤销 Certificates: printing, verification, revocation",
    uses=("identity", "catalog"),
    routes=("routes",),
    paths=("certificates",),
    resources=("/b/{number}", "/v1/prints/{ticket}"),
    tables={"certificates": True},
    events="events",
    graphs={"certificate": "rules:CERTIFICATES"},
    tells=("CERTIFICATE",),
    settings="settings:CertificateSettings",
)
