"""What makes a service: the shape of a folder ``city/services/<code>/``.

A definition is immutable once published; applications keep the version they began with.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.catalog.definition.messages import MessageTemplate
from chalicelib.catalog.definition.words import Code, Strict, Text
from chalicelib.catalog.definition.workflow import Workflow

Days = Annotated[int, Meta(ge=0, le=365)]


class Material(Strict, frozen=True, kw_only=True):
    """A material (申请材料): whether it is needed (``promised``: 容缺后补), in which form, how many, where from.

    A ``promised`` one has a ``code``, and may be brought up to ``promised_days`` working days after the acceptance.
    ``acceptance`` says when it is good enough (受理标准); ``template`` and ``sample`` are where the empty form
    (空表) and a filled-in one (样表) are found.
    """

    name: Text
    need: Literal["required", "optional", "promised"]
    kind: Literal["original", "copy"]
    format: Literal["electronic", "paper"]
    copies: Annotated[int, Meta(ge=0, le=20)]
    source: Literal["applicant", "register"]
    acceptance: Text
    code: Code | UnsetType = UNSET
    promised_days: Annotated[int, Meta(ge=1, le=60)] | UnsetType = UNSET
    note: Text | UnsetType = UNSET
    template: str | UnsetType = UNSET
    sample: str | UnsetType = UNSET


class Fee(Strict, frozen=True, kw_only=True):
    """A fee item (收费项目): what for, the standard in words and in fen (absent: by rule), the legal basis.

    The money is the treasury's (收支两条线): ``unit`` collects it (执收单位) under ``item_code`` (收费项目编码).
    ``fees.json`` decides what is charged. ``optional``: the applicant may do without it, or says how much is wanted.
    """

    code: Code
    name: Text
    unit: Code
    item_code: Annotated[str, Meta(pattern=r"^[0-9]{6,20}$")]
    standard: Text
    amount: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    legal_basis: str
    optional: bool = False


class LegalBasis(Strict, frozen=True):
    """A legal basis (设定依据): act and clause."""

    title: str
    clause: str


class Question(Strict, frozen=True):
    """A question that people ask, and its answer."""

    question: Text
    answer: Text


class ServiceContact(Strict, frozen=True, kw_only=True):
    """Where to ask, to complain, and to go: phone numbers, address, hours."""

    consultation: str
    complaint: str
    address: Text
    hours: Text


Proof = Literal["claimed", "proven"]
"""How well it must be known who somebody is (``kernel/access.py:Level``)."""


class Source(Strict, frozen=True, kw_only=True):
    """A register that the service reads, under the value at path ``key`` (``applicant.number``, ``form.plate``).

    ``many``: all its records are wanted (a choice for the form), otherwise the first one. ``proof``: how well it must
    be known who the applicant is before the register is asked; anybody can claim a name and a number.
    """

    name: Code
    register: Code
    key: str
    title: Text
    many: bool = False
    proof: Proof = "proven"


class Tolerance(Strict, frozen=True, kw_only=True):
    """容缺受理: what people agree to who bring a ``promised`` material later, and what follows if they do not."""

    text: Text
    consequence: Text


class Commitment(Strict, frozen=True, kw_only=True):
    """告知承诺 (国办发〔2020〕42号): a written promise in the place of proofs (codes of rows of ``rules.json``).

    Whoever promises is not held up by these findings. ``unit`` checks afterwards, within ``check_days`` working days.
    ``text`` is what the applicant is told and promises, ``consequence`` what a false promise leads to.
    """

    text: Text
    consequence: Text
    replaces: Annotated[list[Code], Meta(min_length=1)]
    unit: Code
    check_days: Annotated[int, Meta(ge=1, le=180)]
    legal_basis: str


class Benefit(Strict, frozen=True, kw_only=True):
    """What a benefit (行政给付) pays: an expression over form and facts that gives fen, at most so many.

    ``account`` and ``holder``: the fields of the form that hold the number of the account and its holder's name.
    """

    amount: str
    most: Annotated[int, Meta(ge=1)]
    account: Code
    holder: Code


class Once(Strict, frozen=True, kw_only=True):
    """One running case for one thing: the values of these fields of the form say which.

    ``then``: a second application of the same party is refused, or joined: its draft is thrown away, and the running
    case is the answer.
    """

    by: Annotated[list[Code], Meta(min_length=1, max_length=5)]
    then: Literal["refuse", "join"]


ResultKind = Literal["certificate", "decision", "filing", "benefit", "confirmation", "answer"]
"""证照, 决定, 备案, 给付, 确认, 答复."""


class Item(Strict, frozen=True, kw_only=True):
    """``service.json``: the directory entry (政务服务事项要素, GB/T 39554.2). Limits count working days.

    ``catalog_code`` 基本编码, ``task_code`` 实施编码, ``power_source`` 权力来源, ``handling_area`` 通办范围,
    ``handling`` 办理形式, ``online_depth`` 网办深度 (1 to 4), ``visits`` 到办事现场次数 with ``visits_reason``,
    ``joint_units`` 联办机构; the flags say whether it can be booked, paid online
    and posted, and whether hall and self-service terminals have it. ``pick_up``: the result can be fetched at a hall.
    ``proof``: who may apply: ``claimed``, whoever gave a name and a number; ``proven``, who has proven that they are
    theirs. ``limit_basis``: the law that allows a statutory limit above that of 行政许可法 art. 42.
    ``tolerance``: materials may be brought later (容缺受理); ``commitment``: a promise replaces proofs (告知承诺).
    ``result_kind``: only a ``certificate`` has a ``certificate.json``, is printed and posted; an ``answer`` is what the
    officer writes who approves; ``benefit``: what is paid. ``once``: whether two cases may run for one thing.
    ``effective_from``: new cases get this version from this day on, and the version before it until then.
    """

    code: Code
    name: Text
    summary: Text
    keywords: list[str]
    catalog_code: Annotated[str, Meta(min_length=12, max_length=12)]
    task_code: Annotated[str, Meta(min_length=31, max_length=31)]
    task_type: Literal[
        "行政许可", "行政确认", "行政裁决", "行政给付", "行政奖励", "行政备案", "其他行政权力", "公共服务"
    ]
    power_source: Literal["statutory", "delegated", "entrusted"]
    audience: Annotated[list[Literal["person", "enterprise"]], Meta(min_length=1)]
    regions: Annotated[list[str], Meta(min_length=1)]
    level: Literal["city", "district", "street", "village"]
    unit: Code
    processing: Literal["instant", "promised"]
    statutory_days: Days
    promised_days: Days
    handling: Annotated[list[Literal["online", "window", "post"]], Meta(min_length=1)]
    handling_area: Literal["nation", "province", "city", "district"]
    online_depth: Annotated[int, Meta(ge=1, le=4)]
    visits: Annotated[int, Meta(ge=0, le=9)]
    visits_reason: Text | UnsetType = UNSET
    bookable: bool
    online_payment: bool
    express: bool
    in_hall: bool
    on_terminals: bool
    joint_units: list[Code]
    correction_days: Annotated[int, Meta(ge=1, le=60)]
    conditions: Annotated[list[Text], Meta(min_length=1)]
    materials: list[Material]
    process: Annotated[list[Text], Meta(min_length=1)]
    fees: list[Fee]
    result: Text
    result_kind: ResultKind
    legal_basis: Annotated[list[LegalBasis], Meta(min_length=1)]
    questions: list[Question]
    contact: ServiceContact
    effective_from: date
    sources: list[Source]
    payment_days: Annotated[int, Meta(ge=1, le=180)] = 30
    pick_up: bool = False
    proof: Proof = "proven"
    limit_basis: str | UnsetType = UNSET
    tolerance: Tolerance | UnsetType = UNSET
    commitment: Commitment | UnsetType = UNSET
    benefit: Benefit | UnsetType = UNSET
    once: Once | UnsetType = UNSET

    def tolerance_days(self) -> dict[str, int]:
        """The materials that may be brought later (容缺), each with the working days that it has."""
        found = {}
        for material in self.materials:
            if material.code and material.promised_days:
                found[material.code] = material.promised_days
        return found

    @property
    def modes(self) -> list[str]:
        """How the result can reach people: electronically, at a hall, by courier."""
        return ["electronic", *(["pick_up"] if self.pick_up else []), *(["courier"] if self.express else [])]


class Validity(Strict, frozen=True):
    """From and to: a path such as ``form.valid_from``, or ``today``; or ``days`` after the first."""

    start: str
    end: str | None = None
    days: int | None = None


class Exclusive(Strict, frozen=True):
    """At most one certificate of this service may be valid at a time for the thing at path ``key``."""

    key: str


class PrintPolicy(Strict, frozen=True):
    """How often a holder may print, from which print on a reason is asked, how long a link lives (seconds)."""

    maximum: Annotated[int, Meta(ge=1, le=200)]
    reason_from: Annotated[int, Meta(ge=2)]
    link_seconds: Annotated[int, Meta(ge=10, le=600)]


class ServiceWords(Strict, frozen=True):
    """A face value in words: which value, and the words for each."""

    of: str
    words: dict[str, str]


class PublicField(Strict, frozen=True):
    """A line on the verification page; ``mask`` hides personal parts."""

    label: Text
    face: str
    mask: Literal["none", "name"] = "none"


class SignedContent(Strict, frozen=True, kw_only=True):
    """What the QR's signed number says beside id, dates and revision (``certificates/rules.py``).

    ``subject``: face field of the plate for ``kind`` vehicle; ``scope`` and ``category``: tables from
    a face value to a bit set (16 bits) and a number (8 bits).
    """

    kind: Literal["vehicle", "document"]
    subject: str | None = None
    scope_face: str | None = None
    scope: dict[str, Annotated[int, Meta(ge=0, le=0xFFFF)]] = {}
    category: Annotated[int, Meta(ge=0, le=255)] = 0


Millimetres = Annotated[float, Meta(ge=0, le=420)]


class TextElement(Strict, frozen=True, tag="text", tag_field="element", kw_only=True):
    """Text in a box: shrunk to fit ``width``, wrapped to ``lines``; ``{name}`` takes a face value."""

    x: Millimetres
    y: Millimetres
    width: Millimetres
    size: Annotated[float, Meta(ge=4, le=200)]
    text: str
    weight: Literal["regular", "bold"] = "regular"
    align: Literal["left", "center", "right"] = "left"
    color: Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")] = "#1a1a1a"
    lines: Annotated[int, Meta(ge=1, le=6)] = 1


class RectangleElement(Strict, frozen=True, tag="rectangle", tag_field="element", kw_only=True):
    """A filled or outlined rectangle; line widths in millimetres."""

    x: Millimetres
    y: Millimetres
    width: Millimetres
    height: Millimetres
    fill: Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")] | None = None
    line: Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")] | None = None
    line_width: float = 0.3
    radius: float = 0


class QrElement(Strict, frozen=True, tag="qr", tag_field="element", kw_only=True):
    """The signed QR with its quiet zone, as vectors; at least 30 mm (docs/decisions/qr.md)."""

    x: Millimetres
    y: Millimetres
    size: Annotated[float, Meta(ge=30, le=120)]
    correction: Literal["M", "Q"] = "Q"


class Layout(Strict, frozen=True):
    """A page in millimetres, origin at the top left."""

    width: Annotated[float, Meta(ge=50, le=420)]
    height: Annotated[float, Meta(ge=50, le=420)]
    elements: list[TextElement | RectangleElement | QrElement]


class CertificateDefinition(Strict, frozen=True, kw_only=True):
    """``certificate.json``: what is issued, what it says, how it looks, how it may be printed."""

    name: Text
    type_code: Annotated[str, Meta(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}[0-9]{3}$")]
    validity: Validity
    face: dict[str, str]
    headline: str
    public: list[PublicField]
    signed: SignedContent
    prints: PrintPolicy
    layout: Layout
    words: dict[str, ServiceWords] = {}
    exclusive: Exclusive | None = None


class Example(Strict, frozen=True, kw_only=True):
    """``examples.json``: a case and what the rules must say; publishing refuses a rule that none exercises.

    ``fees``: fen of each fee item after reductions, for an approved case. ``steps``: which steps of the workflow run,
    for a case that officers review. ``benefit``: fen that are paid, for a case that is approved or reviewed.
    """

    name: str
    today: date
    applicant: dict[str, str]
    form: dict[str, Any]
    facts: dict[str, Any]
    overlap: bool
    outcome: Literal["approve", "review", "refuse", "not_accept"]
    codes: list[str]
    fees: dict[str, int] = {}
    steps: list[str] = []
    benefit: int = 0


class ServiceDefinition(Strict, frozen=True, kw_only=True):
    """A whole service, as published under one version.

    ``rules``: empty where people decide every case. ``certificate``: None where another result comes of it.
    ``fees`` is the decision table of what it costs, ``messages`` what it says instead of the city's templates.
    """

    item: Item
    form: dict[str, Any]
    facts: dict[str, Any]
    workflow: Workflow
    rules: dict[str, Any] = {}
    certificate: CertificateDefinition | None = None
    fees: dict[str, Any] = {}
    messages: list[MessageTemplate] = []
