"""Use cases of one's own data: a copy of it, closing the account, the archive of what has to be kept."""

from chalicelib.privacy.service import archive, closing
from chalicelib.privacy.service.parts import PARTS, copy

__all__ = [
    "PARTS",
    "archive",
    "closing",
    "copy",
]
