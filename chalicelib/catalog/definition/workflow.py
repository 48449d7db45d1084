"""How departments decide a case: the shape of ``workflow.json`` (docs/deciding.md)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.catalog.definition.words import Code, Strict, Text

Post = Literal["officer", "unit_head"]
"""The post (岗位) within a unit whose holders may answer: 经办人员, or 负责人. Both are roles of staff."""
PAUSING = (
    "hearing", "tender", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review",
)  # fmt: skip
"""Special procedures whose time is not counted (行政许可法 art. 45): 听证 招标 拍卖 检验 检测 检疫 鉴定 专家评审."""
ProcedureKind = Literal[
    "hearing", "tender", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review",
    "publicity", "on_site_check",
]  # fmt: skip


class Procedure(Strict, frozen=True, kw_only=True):
    """A special procedure (特别程序) that may be opened, and for how many natural days at most.

    ``law``: which law says that a publicity or an on-site check stops the clock; without it, it does not.
    """

    kind: ProcedureKind
    days: Annotated[int, Meta(ge=1, le=365)]
    law: str | UnsetType = UNSET

    @property
    def pauses(self) -> bool:
        """Whether the clock stands while it goes on."""
        return self.kind in PAUSING or self.law is not UNSET


class AnswerRule(Strict, frozen=True, kw_only=True):
    """Who answers a step: a seat for each of ``posts``, and how their votes make the step's answer.

    ``any`` (或签): the first vote decides. ``all`` (会签): all agree, one rejection refuses. ``ratio``: agreed by at
    least ``share`` percent of the seats, refused as soon as that cannot be reached. ``sequence`` (依次): one after the
    other in the order of ``posts``; the first rejection refuses. Nobody has two seats of one step.
    """

    method: Literal["any", "all", "ratio", "sequence"] = "any"
    posts: Annotated[list[Post], Meta(min_length=1, max_length=9)] = msgspec.field(default_factory=lambda: ["officer"])
    share: Annotated[int, Meta(ge=1, le=100)] = 100


class Step(Strict, frozen=True, kw_only=True):
    """A unit's part of a case.

    ``after``: begins when these steps are done or skipped; steps that do not wait for each other run in parallel.
    ``when``: an expression over ``form`` and ``facts``; ``found``: codes of rows of ``rules.json``, of which one must
    have applied. The step is skipped where neither holds; without both it always runs.
    ``consulted``: units that are asked for an opinion when the step opens; their opinions do not decide.
    ``days``: its limit in working days; for a workflow of one step, the promise. ``return_to``: the steps to which it
    may send the case back. ``recallable``: whether a vote may be taken back while nobody has acted on it.
    ``procedures``: which of the workflow's special procedures it may open. ``extension_days``: by how many working days
    the head of its unit may extend the case's limit, once.
    ``publicity_days``: what it decides about is made public (公示) for so many natural days first.
    ``unanswered``: what happens when its limit has passed: its unit is reminded, or the head of the unit may act too.
    Nothing is ever approved because nobody answered.
    """

    code: Code
    name: Text
    unit: Code
    after: list[Code] = []
    when: str = ""
    found: list[Code] = []
    answer: AnswerRule = msgspec.field(default_factory=AnswerRule)
    consulted: Annotated[list[Code], Meta(max_length=9)] = []
    days: Annotated[int, Meta(ge=1, le=365)] | UnsetType = UNSET
    return_to: list[Code] = []
    recallable: bool = True
    procedures: list[ProcedureKind] = []
    extension_days: Annotated[int, Meta(ge=0, le=60)] = 0
    publicity_days: Annotated[int, Meta(ge=0, le=60)] = 0
    unanswered: Literal["remind", "escalate"] = "remind"

    @property
    def is_conditional(self) -> bool:
        return self.when != "" or bool(self.found)


class Workflow(Strict, frozen=True, kw_only=True):
    """The steps of a case.

    ``on_refusal``: ``fail_fast``, one step's refusal decides the case; ``collect_all``, the other open steps are
    answered first, so that the applicant learns all reasons. ``published_days``: an approval is made public for so
    many natural days after it was decided (公示). ``published_fields``: the fields of the form that anybody may read
    while something is made public. What is fixed to a name, or proposed from one, is masked; the name of an
    organization that applies is not.
    """

    steps: Annotated[list[Step], Meta(min_length=1, max_length=40)]
    on_refusal: Literal["fail_fast", "collect_all"] = "fail_fast"
    procedures: list[Procedure] = []
    published_days: Annotated[int, Meta(ge=0, le=365)] = 0
    published_fields: Annotated[list[str], Meta(max_length=20)] = []

    def step(self, code: str) -> Step:
        """A step by its code; raises ``KeyError``."""
        step = next(filter(lambda one: one.code == code, self.steps), None)
        if step is None:
            raise KeyError(code)
        return step

    def units(self) -> list[str]:
        """The units that have a step, each once, in the order of the steps."""
        return list(dict.fromkeys(step.unit for step in self.steps))

    def all_units(self) -> set[str]:
        """The units that have a step or are consulted by one."""
        consulted = {unit for step in self.steps for unit in step.consulted}
        return set(self.units()) | consulted

    def procedure(self, kind: str) -> Procedure | None:
        return next(filter(lambda one: one.kind == kind, self.procedures), None)
