"""Use cases of certificates: issue, print, verify, revoke. The door for other features."""

from chalicelib.certificates.service import issues, prints, revocation, verification
from chalicelib.certificates.service.issues import Issue, overlaps, period, prepare, resolve, undrawable
from chalicelib.certificates.service.prints import (
    PrintLink,
    draw_document,
    draw_sheets,
    drawable,
    print_for_posting,
    voiding_prints,
)

__all__ = [
    "Issue",
    "PrintLink",
    "draw_document",
    "draw_sheets",
    "drawable",
    "issues",
    "overlaps",
    "period",
    "prepare",
    "print_for_posting",
    "prints",
    "resolve",
    "revocation",
    "undrawable",
    "verification",
    "voiding_prints",
]
