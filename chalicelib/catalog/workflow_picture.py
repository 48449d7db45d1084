"""The way of a case through the departments, in plain words and as a picture. Pure.

The same picture is in the guide that citizens read and beside the messages of ``make check-city``.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from chalicelib.catalog.definition import Procedure, ServiceDefinition, Step, Text, Workflow, paths

WIDTH = 400
_MARGIN = 16
_LINE = 20
_SMALL = 15
_ARROW = 30
_ZH_SIZE = 16
_EN_SIZE = 11
_METHODS = {
    "any": Text("任一人同意即可", "one answer decides"),
    "all": Text("{count} 人都同意", "all {count} have to agree"),
    "ratio": Text("{count} 人中 {share}% 同意", "{share}% of {count} have to agree"),
    "sequence": Text("{count} 人依次审批", "{count} persons, one after the other"),
}
_PROCEDURES = {
    "hearing": Text("听证", "a hearing"),
    "tender": Text("招标", "a tender"),
    "auction": Text("拍卖", "an auction"),
    "inspection": Text("检验", "an inspection"),
    "testing": Text("检测", "a test"),
    "quarantine": Text("检疫", "a quarantine"),
    "appraisal": Text("鉴定", "an appraisal"),
    "expert_review": Text("专家评审", "a review by experts"),
    "publicity": Text("公示", "a publication"),
    "on_site_check": Text("现场踏勘", "a look at the site"),
}

columns = paths.columns


def words(step: Step) -> Text:
    """What a step means for the applicant: how long it may take, whether it always runs, what may come between."""
    zh = []
    en = []
    for part in _parts(step):
        zh.append(part.zh)
        en.append(part.en)
    return Text("，".join(zh), ", ".join(en))


def _parts(step: Step) -> list[Text]:
    parts = []
    if isinstance(step.days, int):
        parts.append(Text(f"{step.days} 个工作日内", f"within {step.days} working days"))
    else:
        parts.append(Text("在承诺时限内", "within the promised time"))
    if step.is_conditional:
        parts.append(Text("视申请内容而定", "depends on what you apply for"))
    count = len(step.answer.posts)
    if count > 1:
        method = _METHODS[step.answer.method]
        values = {"count": count, "share": step.answer.share}
        parts.append(Text(method.zh.format(**values), method.en.format(**values)))
    if step.publicity_days:
        parts.append(Text(f"先公示 {step.publicity_days} 天", f"made public for {step.publicity_days} days first"))
    for kind in step.procedures:
        name = _PROCEDURES[kind]
        parts.append(Text(f"可能需要{name.zh}", f"{name.en} may be needed"))
    return parts


def procedure_words(procedure: Procedure) -> Text:
    """How long a special procedure may take, and whether its time counts."""
    name = _PROCEDURES[procedure.kind]
    if procedure.pauses:
        zh = f"{name.zh}最多 {procedure.days} 天，不计入办理时限，书面告知"
        return Text(
            zh, f"{name.en} takes at most {procedure.days} days, which are not counted; you are told in writing"
        )
    return Text(f"{name.zh}最多 {procedure.days} 天", f"{name.en} takes at most {procedure.days} days")


def draw(definition: ServiceDefinition, unit_name: Callable[[str], Text]) -> str:
    """The picture, as wide as a phone: what happens one after the other from above to below.

    Steps of one column happen at the same time and stand in one dotted frame. A step that waits for other steps than
    all of the column above says so. A step that does not always run has a dashed frame.
    """
    picture = _Picture()
    item = definition.item
    applicant = Text("申请人", "Applicant")
    picture.group([_box(Text("提交申请", "Apply"), applicant, Text("填写、提交", "fill in and submit"))])
    above: set[str] = set()
    for column in columns(definition.workflow):
        picture.group([_step_box(step, above, definition.workflow, unit_name) for step in column])
        above = {step.code for step in column}
    promise = Text(f"承诺 {item.promised_days} 个工作日内办结", f"decided within {item.promised_days} working days")
    picture.group([_box(item.result, unit_name(item.unit), promise)])
    for procedure in definition.workflow.procedures:
        picture.note(procedure_words(procedure))
    return picture.text(item.name)


def _step_box(step: Step, above: set[str], workflow: Workflow, unit_name: Callable[[str], Text]) -> _Box:
    meaning = words(step)
    if set(step.after) != above:
        zh = "、".join(workflow.step(code).name.zh for code in step.after)
        en = ", ".join(workflow.step(code).name.en for code in step.after)
        meaning = Text(f"在{zh}之后；{meaning.zh}", f"after {en}; {meaning.en}")
    return _box(step.name, unit_name(step.unit), meaning, dashed=step.is_conditional)


class _Box:
    """A frame with its texts: name, department, what it means; each with its size and class."""

    def __init__(self, lines: list[tuple[str, int, str]], *, dashed: bool) -> None:
        self.lines = lines
        self.dashed = dashed


def _box(name: Text, unit: Text, meaning: Text, *, dashed: bool = False) -> _Box:
    lines = [(name.zh, _ZH_SIZE, "name"), (name.en, _EN_SIZE, "en"), (unit.zh, 13, "unit"), (unit.en, _EN_SIZE, "en")]
    return _Box([*lines, (meaning.zh, 13, "days"), (meaning.en, _EN_SIZE, "en")], dashed=dashed)


class _Picture:
    """Puts frames below each other."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._y = float(_MARGIN)

    def group(self, boxes: list[_Box]) -> None:
        """One frame, or several that happen at the same time; with an arrow from what is above."""
        if self._parts:
            self._arrow()
        if len(boxes) == 1:
            self._frame(boxes[0], _MARGIN)
            return
        top = self._y
        self._y += 6
        self._text("同时进行  At the same time", 12, "label")
        self._y += 8
        for box in boxes:
            self._frame(box, _MARGIN + 10)
            self._y += 10
        self._rectangle("group", _MARGIN, top, self._y - top)

    def _frame(self, box: _Box, left: float) -> None:
        lines = _wrapped(box, WIDTH - 2 * left - 16)
        height = sum(_height(size) for _, size, _ in lines) + 18
        self._rectangle("frame dashed" if box.dashed else "frame", left, self._y, height)
        bottom = self._y + height
        self._y += 6
        for text, size, kind in lines:
            self._text(text, size, kind)
        self._y = bottom

    def _rectangle(self, kind: str, left: float, top: float, height: float) -> None:
        width = WIDTH - 2 * left
        frame = f'<rect class="{kind}" x="{left}" y="{top:.0f}" width="{width}" height="{height:.0f}" rx="8"/>'
        self._parts.append(frame)

    def _text(self, text: str, size: int, kind: str) -> None:
        self._y += _height(size)
        line = f'<text class="{kind}" x="{WIDTH // 2}" y="{self._y - 4:.0f}" font-size="{size}">{escape(text)}</text>'
        self._parts.append(line)

    def _arrow(self) -> None:
        middle = WIDTH // 2
        end = self._y + _ARROW
        self._parts.append(f'<path class="line" d="M{middle} {self._y:.0f}V{end - 7:.0f}"/>')
        self._parts.append(f'<path class="point" d="M{middle - 5} {end - 8:.0f}h10l-5 7z"/>')
        self._y = end

    def note(self, text: Text) -> None:
        """Lines below the picture."""
        self._y += 10
        for said, size, kind in ((text.zh, 13, "note"), (text.en, _EN_SIZE, "en")):
            for line in _lines(said, size, WIDTH - 2 * _MARGIN):
                self._text(line, size, kind)

    def text(self, name: Text) -> str:
        """The whole picture."""
        height = self._y + _MARGIN
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
                f'font-family="Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif" text-anchor="middle">',
                f"<title>{escape(name.zh)}办理流程 Course of {escape(name.en)}</title>",
                f"<style>{_STYLE}</style>",
                f'<rect class="paper" width="{WIDTH}" height="{height:.0f}"/>',
                *self._parts,
                "</svg>",
                "",
            ]
        )


_STYLE = (
    ".paper{fill:#fff}.frame{fill:#f3f7fc;stroke:#1f5fa8;stroke-width:1.5}.dashed{stroke-dasharray:6 4}"
    ".group{fill:none;stroke:#5a6472;stroke-width:1.2;stroke-dasharray:2 3}.label{fill:#5a6472}"
    ".line{fill:none;stroke:#5a6472;stroke-width:1.5}.point{fill:#5a6472}"
    ".name{fill:#12263f;font-weight:bold}.unit{fill:#1f5fa8}.days,.note{fill:#334}.en{fill:#566070}"
    "@media (prefers-color-scheme:dark){.paper{fill:#12161c}.frame{fill:#1b2430;stroke:#7db3f0}"
    ".group{stroke:#a7b1bf}.label{fill:#a7b1bf}.line{stroke:#a7b1bf}.point{fill:#a7b1bf}.name{fill:#f0f4fa}.unit{fill:#9cc6f7}.days,.note{fill:#dde3ec}"
    ".en{fill:#aab4c2}}"
)


def _height(size: int) -> int:
    return _LINE if size > _EN_SIZE else _SMALL


def _wrapped(box: _Box, width: float) -> list[tuple[str, int, str]]:
    return [(line, size, kind) for text, size, kind in box.lines for line in _lines(text, size, width)]


def _lines(text: str, size: int, width: float) -> list[str]:
    """A text in lines that fit: Chinese may break anywhere, Latin words stay whole."""
    lines: list[str] = []
    line = ""
    for word in _words(text):
        if line and _measure(line + word.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += word
    return [*lines, line.rstrip()]


def _words(text: str) -> list[str]:
    """Where a text may break: behind each wide character, and behind blanks."""
    found = []
    word = ""
    for character in text:
        word += character
        if character == " " or ord(character) > 0x2E7F:
            found.append(word)
            word = ""
    return [*found, word] if word else found


def _measure(text: str, size: int) -> float:
    """About how wide a text is: a Chinese character is as wide as it is high, a Latin one a little over half."""
    return sum(size if ord(character) > 0x2E7F else size * 0.56 for character in text)
