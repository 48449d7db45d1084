"""The map in docs/architecture.md: the features, what each uses and keeps, and which functions run for it.

``make openapi`` writes it from the declarations and the template, so it cannot differ from them.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from chalicelib import features
from chalicelib.kernel.feature import Feature
from local import template
from local.environment import STAGE

ROOT = Path(__file__).parent.parent
PLACE = "docs/images/architecture.svg"
_ROW = 46
_TOP = 96
_NAME = 24
_USES = 300
_TABLE = 540
_STATES = 730
_FUNCTIONS = 940
_WIDTH = 1300
_COLUMN = 24
_STYLE = """
text { font-family: system-ui, "Noto Sans SC", sans-serif; font-size: 13px; fill: #1f2733 }
.name { font-weight: 700; font-size: 15px } .small { font-size: 11.5px; fill: #5b6675 }
.head { font-weight: 700; fill: #5b6675; font-size: 12px }
.row { fill: #f3f6fa } .ground { fill: #e3e9f1 } .dot { fill: #2563a8 } .line { stroke: #c9d2de }
@media (prefers-color-scheme: dark) {
  .page { fill: #12161c } text { fill: #e6ebf2 } .small, .head { fill: #9aa7b8 } .row { fill: #1b222c }
  .ground { fill: #263140 } .dot { fill: #6aa9ec } .line { stroke: #3a4656 }
}
"""


def functions_of(feature: Feature) -> list[str]:
    """The functions that do the feature's work, or import nothing but its service: their modules' names."""
    found = []
    for handler in sorted({function["Handler"] for function in template.functions(STAGE).values()}):
        module = handler.rpartition(".")[0]
        path = ROOT / f"{module.replace('.', '/')}.py"
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        named = {other for other in features.NAMES if f"chalicelib.{other}" in text or f'worker("{other}")' in text}
        highest = max(named, key=features.NAMES.index, default="")
        if highest == feature.name and module != "functions.print_certificate":
            found.append(module.removeprefix("functions."))
    return found


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(words)}</text>'


def _row(feature: Feature, y: int) -> list[str]:
    zh = feature.title.partition(" ")[0]
    parts = [
        f'<rect class="row" x="12" y="{y}" width="{_WIDTH - 24}" height="{_ROW - 6}" rx="6"/>',
        _text(_NAME, y + 18, f"{feature.name}/", "name"),
        _text(_NAME, y + 33, zh, "small"),
    ]
    for place, other in enumerate(features.NAMES):
        if other in feature.uses:
            parts.append(f'<circle class="dot" cx="{_USES + place * _COLUMN + 8}" cy="{y + 20}" r="6"/>')
    tables = [f"{name}{' ⟶ 留痕 log' if is_kept else ''}" for name, is_kept in feature.tables.items()]
    parts.append(_text(_TABLE, y + 24, ", ".join(tables)))
    for line, states in enumerate(_lines(list(feature.graphs), 3)):
        parts.append(_text(_STATES, y + 17 + 15 * line, states, "small"))
    for line, names in enumerate(_lines(functions_of(feature), 3)):
        parts.append(_text(_FUNCTIONS, y + 17 + 15 * line, names, "small"))
    return parts


def _lines(names: list[str], most: int) -> list[str]:
    """The names in lines of at most ``most``."""
    return [", ".join(names[start : start + most]) for start in range(0, len(names), most)]


def draw() -> str:
    """The map as SVG."""
    shown = list(reversed(features.all_features()))
    height = _TOP + _ROW * (len(shown) + 2) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="features, what they use, their tables, state machines and functions">',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    heads = ((_NAME, "功能 feature"), (_USES, "使用 uses"), (_TABLE, "表 table"), (_STATES, "状态机 states"))
    for x, words in (*heads, (_FUNCTIONS, "API 之外的函数 functions beside the API")):
        parts.append(_text(x, 24, words, "head"))
    for place, name in enumerate(features.NAMES):
        x = _USES + place * _COLUMN + 12
        parts.append(f'<text class="small" transform="translate({x} {_TOP - 8}) rotate(-40)">{name}</text>')
    for place, feature in enumerate(shown):
        parts += _row(feature, _TOP + place * _ROW)
    ground = _TOP + len(shown) * _ROW
    for line, (name, words) in enumerate(
        (
            ("platforms/", "微信、支付宝、部门、承运等外部平台的客户端  clients of the outside world"),
            ("kernel/", "接口、存储、留痕、安全：不认识任何功能  edge, storage, events, security: knows no feature"),
        )
    ):
        y = ground + line * _ROW
        parts.append(f'<rect class="ground" x="12" y="{y}" width="{_WIDTH - 24}" height="{_ROW - 6}" rx="6"/>')
        parts += [_text(_NAME, y + 25, name, "name"), _text(_USES, y + 25, words)]
    return "\n".join([*parts, "</svg>"]) + "\n"
