"""Why a verb is not possible: each refusal with a stable code, and what can be done instead. Pure."""

from __future__ import annotations

from chalicelib.kernel.errors import ErrorCode

CASE_PAUSED = ErrorCode(
    "case_paused",
    409,
    zh="特别程序进行中，时限暂停，不能作出决定；请先结束特别程序，或进行其他操作",
    en="A special procedure is under way and the clock stands: end it before you decide; other verbs are possible",
)
NOT_FOR_YOUR_POST = ErrorCode(
    "not_for_your_post",
    409,
    zh="此待办由本单位负责人处理",
    en="This task is for the head of the unit",
)
ONLY_HEAD = ErrorCode("only_unit_head", 409, zh="此操作由本单位负责人进行", en="Only the head of the unit can do this")
SEAT_TWICE = ErrorCode(
    "two_persons_needed",
    409,
    zh="同一环节须由不同人员办理，您已在此环节办理过",
    en="Different persons have to answer this step, and you have a part in it already",
)
WITH_DELEGATE = ErrorCode(
    "with_delegate",
    409,
    zh="已委派他人先提意见，请等待答复或收回委派",
    en="A colleague was asked to look at it first: wait for the answer, or take it back",
)
NOT_DELEGATED = ErrorCode("not_delegated", 409, zh="此待办没有委派给您", en="Nobody has asked you to look at this task")
NO_DELEGATION = ErrorCode("no_delegation", 409, zh="此待办没有委派他人", en="Nobody was asked to look at this task")
OTHER_KIND = ErrorCode(
    "other_kind_of_task",
    409,
    zh="此待办不是这类任务，可进行的操作见待办详情",
    en="This is another kind of task; its details say what can be done",
)
CORRECTION_TOO_LATE = ErrorCode(
    "correction_too_late",
    409,
    zh="已受理的办件不能再要求补正；请作出决定，或启动特别程序",
    en="An accepted case cannot be sent back for correction: decide, or open a special procedure",
)
GAPS_STATED_BEFORE = ErrorCode(
    "gaps_stated_before",
    409,
    zh="本单位已经说明过材料情况，等待其他单位",
    en="Your unit has said what it misses; the others are awaited",
)
NOT_LEAD = ErrorCode(
    "only_lead_unit", 409, zh="此操作由牵头单位进行", en="Only the unit that is responsible for the service can do this"
)
RETURN_NOT_POSSIBLE = ErrorCode(
    "return_not_possible",
    409,
    zh="不能退回到该环节；可以退回到：{targets}",
    en="The case cannot be sent back to this step; possible: {targets}",
)
NOT_RECALLABLE = ErrorCode(
    "not_recallable",
    409,
    zh="后续环节已有人办理，或该环节不允许撤回",
    en="Somebody has acted on it, or the step does not let votes be taken back",
)
SIGNERS_BOTH_WAYS = ErrorCode(
    "signers_both_ways",
    409,
    zh="不能同时前加签和后加签",
    en="Signers are added either before or after, not both",
)
NOT_ADDED = ErrorCode(
    "signer_not_added", 409, zh="只能减去本人加签的人员", en="Only who was added by you can be removed"
)
PROCEDURE_NOT_ALLOWED = ErrorCode(
    "procedure_not_allowed",
    409,
    zh="此环节不能启动该特别程序；可以启动：{kinds}",
    en="This step cannot open this special procedure; possible: {kinds}",
)
PROCEDURE_RUNNING = ErrorCode(
    "procedure_running", 409, zh="该特别程序正在进行", en="This special procedure is under way already"
)
NO_PROCEDURE = ErrorCode("no_procedure", 409, zh="没有进行中的特别程序", en="No special procedure is under way")
EXTENDED_BEFORE = ErrorCode("extended_before", 409, zh="期限只能延长一次", en="A limit is extended once, and was")
EXTENSION_NOT_ALLOWED = ErrorCode(
    "extension_not_allowed",
    409,
    zh="此环节最多可以延长 {days} 个工作日，并应在期限届满前决定",
    en="This step may extend the limit by {days} working days, before it has ended",
)
PUBLICITY_NOT_OVER = ErrorCode(
    "publicity_not_over", 409, zh="公示期至 {until}，届满后再作决定", en="It is made public until {until}; decide then"
)
OWED = ErrorCode(
    "material_owed",
    409,
    zh="容缺材料尚未补交：{materials}；补交后再作决定",
    en="What the applicant owes has not come yet: {materials}; decide then",
)
URGED_TODAY = ErrorCode(
    "urged_today",
    409,
    zh="今天已经催办过，请下一个工作日再试",
    en="You asked today; ask again on the next working day",
)
SUPERVISION_OPEN = ErrorCode(
    "supervision_open", 409, zh="上一次督办尚未答复", en="The last question has not been answered yet"
)
NO_SUPERVISION = ErrorCode("no_supervision", 409, zh="没有待答复的督办", en="No supervisor waits for an answer")
NOT_PROMISED = ErrorCode(
    "nothing_owed", 409, zh="该材料不在容缺补交清单中，或已补交", en="This material is not owed, or has come"
)
NO_SUCH_COLLEAGUE = ErrorCode(
    "no_such_colleague",
    422,
    zh="该人员不在本单位、岗位不符或已停用，请另选",
    en="This person is not in the unit, has another post, or does not work here any more; choose another one",
)
OWN_MATTER_OF_COLLEAGUE = ErrorCode(
    "own_matter_of_colleague",
    409,
    zh="该人员与办件有利害关系，应当回避，请另选",
    en="The case is a matter of this person's own; choose another one",
)
UNIT_NOT_POSSIBLE = ErrorCode(
    "unit_not_possible",
    422,
    zh="没有该单位，或该单位已在此环节中",
    en="There is no such unit, or it has a part in this step already",
)
