"""Names of people, in one spelling, so that they can be compared. Pure."""

from __future__ import annotations

import re
import unicodedata

DOT = "\u00b7"
"""The dot between the parts of a name, as ID cards and registers write it (U+00B7; 十二部门关于姓名间隔符的通知)."""
# Dots that keyboards give instead of it, each of which looks alike on a screen.
_DOTS = "\u2022\u2027\u2219\u22c5\u2024\u30fb\uff65\uff0e\u0387\u16eb\u2e31\u2218"


def spell(name: str) -> str:
    """The name as registers write it: one kind of dot, half-width Latin capitals, no needless blanks.

    Characters are never replaced by others that mean the same (no NFKC for Han): a rare character is the person's.
    """
    spelled = []
    for character in name.strip():
        if character in _DOTS:
            spelled.append(DOT)
        elif "\uff01" <= character <= "\uff5e" or character == "\u3000":
            spelled.append(unicodedata.normalize("NFKC", character))
        else:
            spelled.append(character)
    text = re.sub(r"\s+", " ", "".join(spelled)).strip()
    text = re.sub(rf"\s*{DOT}\s*", DOT, text)
    if not _has_han(text):
        return text.upper()
    # A full stop between Han parts is a dot that was typed as one; blanks inside of a Han name are never meant.
    return text.replace(".", DOT).replace(" ", "")


def _has_han(name: str) -> bool:
    """Whether some character is none of an alphabet: Han characters begin at U+2E80."""
    return any(ord(character) >= 0x2E80 for character in name)
