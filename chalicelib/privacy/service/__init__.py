"""Use cases of one's own data: a copy of it, closing the account, the archive of what has to be kept."""

from chalicelib.privacy.service import archive, closing
from chalicelib.privacy.service.parts import all_parts, copy

__all__ = [
    "all_parts",
    "archive",
    "closing",
    "copy",
]
