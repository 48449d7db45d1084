"""Stored applications: the head that decides, the sealed content beside it, and the units' queues."""

from __future__ import annotations

import hashlib
import zlib
from datetime import date
from typing import Any

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.applications import rules
from chalicelib.applications.decisions import Finding
from chalicelib.applications.process import VOCABULARY, Process, StepState
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.delivery.service import ELECTRONIC, Choice
from chalicelib.kernel import ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables, worker
from chalicelib.kernel.storage.attributes import Day, Integer, Names, OptionalDay, OptionalMoment, Packed
from chalicelib.kernel.storage.tables import Page

TABLE = "applications"


class CorrectionItem(msgspec.Struct, frozen=True):
    """One point of the one-time list of what is missing or wrong (一次告知), and the unit that misses it."""

    field: str
    what: str
    unit: str = ""


class StepRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer has refused a step for, in which of its rounds and seats, and by which law."""

    step: str
    round: int
    seat: int
    officer: str
    unit: str
    reason: str
    legal_basis: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a case was refused, or not accepted: the reason, the law, and what can be done against it (许可法 38)."""

    reason: str
    legal_basis: str
    remedy: Text


class ApplicationItem(tables.AggregateTable):
    """An application's head, kept under 1 kB; the form and the facts are in ``ContentItem``.

    ``process``: how far it is in its workflow, with the inputs of its limits; ``due_on`` follows from them.
    ``definition_digest``: the hash of the definition that it runs by, which says the same for ever.
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
    definition_digest = UnicodeAttribute(default="")
    process = Packed[Process](Process, vocabulary=VOCABULARY, default=Process)
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
    """The form, what the registers and the rules said, the one list of what is missing, what each unit misses."""

    form: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    findings: list[Finding] = []
    corrections: list[CorrectionItem] = []
    missing: dict[str, list[CorrectionItem]] = {}
    step_refusals: list[StepRefusal] = []
    refusal: Refusal | None = None


class ContentItem(tables.VersionedTable):
    """What was filled in, what the registers said, and the correction list: one value, compressed and sealed.

    Its version is its own. What decides about a form writes it too, so that a saving at the same moment is refused.
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


class QueueRow(tables.Table):
    """A row of a unit's queue (待办); the application's head is what decides about it.

    The key is the queue and then the due day, so a page of a queue costs the same however many wait, without an index.
    ``head_version``: of the head that it shows, or an older one. ``due_on``: None while the clock stands: at the end.
    """

    class Meta:
        table_name = TABLE

    step = UnicodeAttribute()
    seat = Integer()
    kind = UnicodeAttribute()
    post = UnicodeAttribute()
    mark = UnicodeAttribute()
    unit = UnicodeAttribute()
    service = UnicodeAttribute()
    service_version = Integer()
    receipt = UnicodeAttribute()
    officer = UnicodeAttribute(default="")
    head_version = Integer(default=0)
    due_on = OptionalDay(null=True)
    opened = Day()

    @property
    def id(self) -> str:
        """The task's id."""
        return self.sk.partition("#")[2]

    @property
    def application_id(self) -> str:
        return self.id.partition("-")[0]


class ClockItem(worker.WorkItem):
    """When a running case has to be looked at next, and the list of all running cases (gsi1, in 16 parts).

    A hint and not a timer: what is due follows from the head, whenever it is looked at.
    """

    class Meta:
        table_name = TABLE

    service = UnicodeAttribute()
    service_version = Integer()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def application_id(self) -> str:
        return self.pk.removeprefix("CLOCK#")


class AbsenceItem(tables.VersionedTable):
    """Somebody is away from a day to a day, and who stands in."""

    class Meta:
        table_name = TABLE

    substitute = UnicodeAttribute()
    first_day = Day()
    last_day = Day()


class CreditItem(tables.VersionedTable):
    """A party whose promise was false: no promise of it is taken any more (告知承诺, 容缺受理)."""

    class Meta:
        table_name = TABLE

    application_id = UnicodeAttribute()
    broken_on = Day()


class JobItem(tables.VersionedTable):
    """How far a job has got that walks all running cases: it can be interrupted and goes on where it was.

    ``wanted``: what it works towards (a calendar's fingerprint); ``part`` and ``cursor``: where it is.
    """

    class Meta:
        table_name = TABLE

    wanted = UnicodeAttribute(default="")
    part = Integer(default=0)
    cursor = UnicodeAttribute(null=True)
    seen = Integer(default=0)
    altered = Integer(default=0)
    failed = Integer(default=0)
    began_at = OptionalMoment(null=True)
    ended_at = OptionalMoment(null=True)


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
    workflow = catalog.definition(item.service, item.service_version).workflow
    units = {step.code: step.unit for step in workflow.steps}
    own_case = any(_has_part(step, actor, units.get(step.code, "")) for step in item.process.steps)
    tables.write(readings.record(ApplicationReadingItem, item.subject, actor, item.applicant, own_case=own_case))


def _has_part(step: StepState, actor: Actor, unit: str) -> bool:
    """Whether somebody has a part in a step, or may take one: nobody of their unit has it yet."""
    for seat in step.seats:
        is_free = step.status == rules.STEP_OPEN and not seat.officer and (seat.unit or unit) == actor.unit
        if is_free or actor.id in (seat.officer, seat.voter, seat.delegate):
            return True
    return False


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


def queue_key(unit: str, post: str) -> str:
    """The queue of a unit: that of its officers, or that of its head."""
    return f"QUEUE#{unit}" if post == "officer" else f"QUEUE#{unit}/{post}"


def queue(unit: str, post: str, cursor: str | None, limit: int = 20) -> Page:
    """A page of a unit's open tasks, the most urgent first."""
    return tables.query(QueueRow, queue_key(unit, post), cursor=cursor, limit=limit)


def has_row(row: QueueRow) -> bool:
    """Whether a unit's queue shows a task at this place."""
    return tables.read(QueueRow, row.pk, row.sk, consistent=True) is not None


def new_row_write(row: QueueRow) -> tables.Put:
    """The write of a row that is new; refused if there is one that shows a newer head."""
    return tables.Put(row, tables.absent(QueueRow) | (QueueRow.head_version <= row.head_version))


def newer_row_write(row: QueueRow) -> tables.Put:
    """The write of a row that shows a newer head; refused if the row is gone, or shows this one or a newer one."""
    return tables.Put(row, QueueRow.pk.exists() & (QueueRow.head_version < row.head_version))


def row_removal(row: QueueRow, head_version: int) -> tables.Delete:
    """The removal of a row that the head does not have any more; refused if it shows a newer head."""
    return tables.Delete(row, QueueRow.head_version <= head_version)


def clock_item(item: ApplicationItem) -> ClockItem:
    """A new entry of the list of running cases."""
    part = running_part(item.id)
    return ClockItem(
        f"CLOCK#{item.id}",
        service=item.service,
        service_version=item.service_version,
        gsi1pk=f"RUNNING#{part}",
        gsi1sk=item.id,
    )


def clock_of(application_id: str) -> ClockItem | None:
    return tables.read(ClockItem, f"CLOCK#{application_id}", consistent=True)


RUNNING_PARTS = 16


def running_part(application_id: str) -> int:
    return hashlib.sha256(application_id.encode()).digest()[0] % RUNNING_PARTS


def running(part: int, cursor: str | None, limit: int = 100) -> Page:
    """A page of one part of the running cases."""
    return tables.query(ClockItem.gsi1, f"RUNNING#{part}", index="gsi1", cursor=cursor, limit=limit)


def absence(username: str) -> AbsenceItem | None:
    return tables.read(AbsenceItem, f"ABSENCE#{username}", consistent=True)


def credit(party: str) -> CreditItem | None:
    return tables.read(CreditItem, f"CREDIT#{party}", consistent=True)


def job(name: str) -> JobItem:
    """A job's progress; a new one if it has never run."""
    return tables.read(JobItem, f"JOB#{name}", consistent=True) or JobItem(f"JOB#{name}")


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
