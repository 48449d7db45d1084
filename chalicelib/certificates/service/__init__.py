"""Use cases of certificates: issue, print, verify, revoke. The door for other features."""

from chalicelib.certificates.rules import PERIOD_TAKEN
from chalicelib.certificates.service import copies, erasure, issues, offline_lists, prints, revocation, verification
from chalicelib.certificates.service.issues import Issue, overlaps, period, prepare, resolve, undrawable
from chalicelib.certificates.service.prints import (
    PrintLink,
    draw_document,
    draw_sheets,
    drawable,
    print_for_posting,
    void_prints_writes,
)
from chalicelib.certificates.service.revocation import is_void

__all__ = [
    "PERIOD_TAKEN",
    "Issue",
    "PrintLink",
    "copies",
    "draw_document",
    "draw_sheets",
    "drawable",
    "erasure",
    "is_void",
    "issues",
    "offline_lists",
    "overlaps",
    "period",
    "prepare",
    "print_for_posting",
    "prints",
    "resolve",
    "revocation",
    "undrawable",
    "verification",
    "void_prints_writes",
]
