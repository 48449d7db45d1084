"""Stored applications: the head that decides, the sealed content beside it, and the units' queues."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.applications import rules
from chalicelib.applications.benefits import Payout
from chalicelib.applications.decisions import Finding
from chalicelib.applications.process import VOCABULARY, Process, StepState
from chalicelib.applications.store import queues
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Text
from chalicelib.delivery.service import ELECTRONIC, Choice
from chalicelib.kernel import ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Integer, Names, OptionalDay, Packed
from chalicelib.kernel.storage.tables import Page

TABLE = queues.TABLE


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
    """The form, what the registers and the rules said, the one list of what is missing, what each unit misses.

    ``benefit`` and ``answer``: what an approval pays, or says.
    """

    form: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    findings: list[Finding] = []
    corrections: list[CorrectionItem] = []
    missing: dict[str, list[CorrectionItem]] = {}
    step_refusals: list[StepRefusal] = []
    refusal: Refusal | None = None
    benefit: Payout | None = None
    answer: str = ""


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


class OnceItem(tables.VersionedTable):
    """Which case was last submitted for a thing of which one case runs at a time."""

    class Meta:
        table_name = TABLE

    application_id = UnicodeAttribute()


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


def absence(username: str) -> AbsenceItem | None:
    return tables.read(AbsenceItem, f"ABSENCE#{username}", consistent=True)


def credit(party: str) -> CreditItem | None:
    return tables.read(CreditItem, f"CREDIT#{party}", consistent=True)
