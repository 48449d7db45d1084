"""Stored applications: the head that decides, the sealed content beside it, and the units' queues."""

from __future__ import annotations

import zlib
from datetime import date
from typing import Any

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.applications import rules
from chalicelib.applications.decisions import Finding
from chalicelib.delivery.service import ELECTRONIC, Choice
from chalicelib.kernel import ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.graph import NEW
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json, Names, OptionalDay
from chalicelib.kernel.storage.tables import Page

TABLE = "applications"


class StepState(msgspec.Struct):
    """How far a unit's step is (``rules.STEPS``), and the officer who has it."""

    code: str
    status: str = NEW
    officer: str = ""

    def is_case_of(self, officer: str) -> bool:
        """Whether an officer of the unit has this step, or may take it: nobody has it yet."""
        is_free = self.status == rules.STEP_OPEN and self.officer == ""
        return is_free or self.officer == officer


class CorrectionItem(msgspec.Struct, frozen=True):
    """One point of the one-time list of what is missing or wrong (一次告知)."""

    field: str
    what: str


class ApplicationItem(tables.AggregateTable):
    """An application's head, kept under 1 kB; the form and the facts are in ``ContentItem``.

    ``handler``: the account that submitted it; ``delivery``: how the applicant wants the result (sealed), None for
    electronically.
    """

    class Meta:
        table_name = TABLE

    service = UnicodeAttribute()
    service_version = Integer()
    applicant = UnicodeAttribute()
    applicant_kind = UnicodeAttribute()
    status = UnicodeAttribute()
    receipt = UnicodeAttribute()
    findings = Json[list[Finding]](list[Finding], default=list)
    steps = Json[list[StepState]](list[StepState], default=list)
    counted_from = OptionalDay(null=True)
    used_days = Integer(default=0)
    due_on = OptionalDay(null=True)
    correct_by = OptionalDay(null=True)
    corrected = BooleanAttribute(default=False)
    reminded = BooleanAttribute(default=False)
    certificate_id = UnicodeAttribute(null=True)
    bills = Names(default=list)
    handler = UnicodeAttribute(default="")
    delivery = BinaryAttribute(legacy_encoding=False, null=True)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi2pk = UnicodeAttribute()
    gsi2sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()
    gsi2 = indexes.LookupIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("APPLICATION#")


class Content(msgspec.Struct):
    form: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    corrections: list[CorrectionItem] = []


class ContentItem(tables.VersionedTable):
    """What was filled in, what the registers said, and the correction list: one value, compressed and sealed.

    Its version is its own: saving a form changes nothing but this item. What decides about a form (to submit it, to
    approve) writes it too, also unchanged, so that a saving at the same moment is refused.
    """

    class Meta:
        table_name = TABLE

    content = BinaryAttribute(legacy_encoding=False, null=True)

    def opened(self) -> Content:
        """What was filled in; nothing of an application whose applicant has closed the account."""
        if self.content is None:
            return Content()
        packed = vault.unseal(self.content, TABLE, self.pk, "content")
        return msgspec.json.decode(zlib.decompress(packed), type=Content)


class TaskItem(tables.Table):
    """A row of a unit's queue (待办); the application's head is what decides about it.

    ``head_version``: the head's version that the row shows, or an older one in a row that was just made.
    """

    class Meta:
        table_name = TABLE

    application_id = UnicodeAttribute()
    step = UnicodeAttribute()
    unit = UnicodeAttribute()
    service = UnicodeAttribute()
    service_version = Integer()
    receipt = UnicodeAttribute()
    officer = UnicodeAttribute(default="")
    head_version = Integer(default=0)
    due_on = Day()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("TASK#")


class CorrectionDueItem(tables.Table):
    """A reminder for the schedule: which correction ends on which day (gsi1: one partition a day)."""

    class Meta:
        table_name = TABLE

    application_id = UnicodeAttribute()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()


class ApplicationReadingItem(readings.ReadingItem):
    """Which staff member read which application, and when."""

    class Meta:
        table_name = TABLE


def record_reading(item: ApplicationItem, actor: Actor) -> None:
    """Record that staff are about to read this; if that fails, nothing is shown."""
    own_case = any(step.is_case_of(actor.id) for step in item.steps)
    tables.write(readings.record(ApplicationReadingItem, item.subject, actor, item.applicant, own_case=own_case))


def application(application_id: str, *, consistent: bool = True) -> ApplicationItem | None:
    return tables.read(ApplicationItem, f"APPLICATION#{application_id}", consistent=consistent)


def new_application(application_id: str, applicant: str) -> ApplicationItem:
    receipt = ids.new_receipt_number()
    return ApplicationItem(
        f"APPLICATION#{application_id}",
        receipt=receipt,
        applicant=applicant,
        gsi1pk=f"APPLICANT#{applicant}",
        gsi1sk=application_id,
        gsi2pk=f"RECEIPT#{receipt}",
        gsi2sk=tables.HEAD,
    )


def of_applicants(parties: tuple[str, ...], cursor: str | None) -> Page:
    """The parties' applications, newest first for each."""
    return tables.query_each(
        ApplicationItem.gsi1, [f"APPLICANT#{party}" for party in parties], index="gsi1", cursor=cursor
    )


def by_receipt(receipt: str) -> ApplicationItem | None:
    """The application with a receipt number (one unit: index and head)."""
    page = tables.query(ApplicationItem.gsi2, f"RECEIPT#{receipt}", index="gsi2", limit=1)
    if not page.items:
        return None
    return application(str(page.items[0].pk).removeprefix("APPLICATION#"), consistent=False)


def delivery_of(item: ApplicationItem) -> Choice:
    """How the applicant wants the result."""
    if not item.delivery:
        return Choice(mode=ELECTRONIC)
    return msgspec.json.decode(vault.unseal(item.delivery, TABLE, item.pk, "delivery"), type=Choice)


def set_delivery(item: ApplicationItem, choice: Choice) -> None:
    sealed = vault.seal(msgspec.json.encode(choice), TABLE, item.pk, "delivery")
    item.delivery = None if choice.mode == ELECTRONIC else sealed


def content_item(item: ApplicationItem) -> ContentItem:
    """The item beside the head; a new one if there is none."""
    return tables.read(ContentItem, item.pk, "CONTENT", consistent=True) or ContentItem(item.pk, "CONTENT")


def content(item: ApplicationItem) -> Content:
    return content_item(item).opened()


def content_write(stored: ContentItem, new: Content) -> tables.Put:
    """The write of a content that was read before, valid only if nobody has changed it since."""
    stored.content = vault.seal(zlib.compress(msgspec.json.encode(new)), TABLE, stored.pk, "content")
    return tables.replace(stored)


def task_item(item: ApplicationItem, step: str, unit: str, officer: str = "") -> TaskItem:
    assert item.due_on is not None
    return TaskItem(
        f"TASK#{item.id}-{step}",
        application_id=item.id,
        step=step,
        unit=unit,
        service=item.service,
        service_version=item.service_version,
        receipt=item.receipt,
        officer=officer,
        head_version=int(item.version or 0),
        due_on=item.due_on,
        gsi1pk=f"UNIT#{unit}",
        gsi1sk=f"{item.due_on}#{item.id}",
    )


def newer_row_write(row: TaskItem) -> tables.Put:
    """The write of a row that shows a newer head; refused if the task is done, or the row shows this one or a newer."""
    return tables.Put(row, TaskItem.pk.exists() & (TaskItem.head_version < row.head_version))


def task(task_id: str) -> TaskItem | None:
    return tables.read(TaskItem, f"TASK#{task_id}", consistent=True)


def queue(unit: str, cursor: str | None) -> Page:
    """A unit's open tasks, the most urgent first."""
    return tables.query(TaskItem.gsi1, f"UNIT#{unit}", index="gsi1", cursor=cursor)


def correction_due(application_id: str, last_day: date) -> CorrectionDueItem:
    return CorrectionDueItem(
        f"CORRECTION#{application_id}",
        application_id=application_id,
        gsi1pk=f"CORRECTIONS#{last_day}",
        gsi1sk=application_id,
    )


def corrections_due(last_day: date, cursor: str | None) -> Page:
    """The corrections that ended on a day."""
    return tables.query(CorrectionDueItem.gsi1, f"CORRECTIONS#{last_day}", index="gsi1", limit=100, cursor=cursor)
