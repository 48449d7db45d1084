"""Why a verb is not possible: each refusal with a stable code, and what can be done instead. Pure."""

from __future__ import annotations

from chalicelib.kernel.errors import ErrorCode

NONE = "无 (none)"

CASE_PAUSED = ErrorCode(
    "case_paused",
    409,
    zh="特别程序进行中，时限暂停，不能作出决定；请先结束特别程序，或进行其他操作",
    en="A special procedure is under way and the clock stands: end it before you decide; other verbs are possible",
)
NOT_FOR_YOUR_POST = ErrorCode(
    "not_for_your_post",
    409,
    zh="此待办由本单位负责人处理，请转告负责人",
    en="This task is for the head of the unit: tell them",
)
ONLY_HEAD = ErrorCode(
    "only_unit_head",
    409,
    zh="此操作由本单位负责人进行，请向负责人提出",
    en="Only the head of the unit can do this: ask them",
)
SEAT_TWICE = ErrorCode(
    "two_persons_needed",
    409,
    zh="同一环节须由不同人员办理，该人员在此环节已有审批任务",
    en="Different persons have to answer this step, and this one has a part in it already",
)
WITH_DELEGATE = ErrorCode(
    "with_delegate",
    409,
    zh="已委派他人先提意见，请等待答复或收回委派",
    en="A colleague was asked to look at it first: wait for the answer, or take it back",
)
NOT_DELEGATED = ErrorCode(
    "not_delegated",
    409,
    zh="此待办没有委派给您；可先由办理人委派",
    en="Nobody has asked you to look at this task; who has it can",
)
NO_DELEGATION = ErrorCode(
    "no_delegation",
    409,
    zh="此待办没有委派他人，可以直接办理",
    en="Nobody was asked to look at this task: you can answer it",
)
OTHER_KIND = ErrorCode(
    "other_kind_of_task",
    409,
    zh="此待办不支持该操作，可进行的操作见待办详情",
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
    zh="本单位已反馈收件核对意见，请等待其他单位",
    en="Your unit has said what is missing; the other units are awaited",
)
NOT_LEAD = ErrorCode(
    "only_lead_unit",
    409,
    zh="此操作由牵头单位进行；本单位可以反馈缺少的内容，或不同意",
    en="Only the unit that is responsible for the service can do this; yours can say what is missing, or refuse",
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
    zh="后续环节已有人办理，或该环节不允许撤回；可请后续环节退回",
    en="Somebody has acted on it, or the step does not let votes be taken back; a later step can send the case back",
)
SIGNERS_BOTH_WAYS = ErrorCode(
    "signers_both_ways",
    409,
    zh="不能同时前加签和后加签；请先减签，或等待已加签的人办理",
    en="Signers are added either before or after, not both: remove the others, or wait for them",
)
NOT_ADDED = ErrorCode(
    "signer_not_added",
    409,
    zh="只能取消本人发起、尚未办理的加签；已办理的，可以直接作出决定",
    en="Only who was added by you and has not answered can be removed; after an answer, decide yourself",
)
PROCEDURE_NOT_ALLOWED = ErrorCode(
    "procedure_not_allowed",
    409,
    zh="此环节不能启动该特别程序；可以启动：{kinds}",
    en="This step cannot open this special procedure; possible: {kinds}",
)
PROCEDURE_TOO_LONG = ErrorCode(
    "procedure_too_long",
    409,
    zh="特别程序 {kind} 合计最长 {days} 天，此前已用 {used} 天",
    en="The special procedure {kind} may take {days} days in all; {used} are used",
)
STEP_FULL = ErrorCode(
    "step_full",
    409,
    zh="此环节参与人员和单位已达上限（{most} 个），不能再加签、征求意见或抄送",
    en="This step has {most} participants already: nobody else can be added, asked or informed",
)
PROCEDURE_RUNNING = ErrorCode(
    "procedure_running",
    409,
    zh="该特别程序正在进行，请先结束",
    en="This special procedure is under way already: end it first",
)
NO_PROCEDURE = ErrorCode(
    "no_procedure",
    409,
    zh="本环节没有进行中的该特别程序，时限正常计算",
    en="This step has no such procedure under way; the clock runs",
)
EXTENDED_BEFORE = ErrorCode(
    "extended_before",
    409,
    zh="期限只能延长一次，已经延长过；请在期限内决定",
    en="A limit is extended once, and was: decide before it ends",
)
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
    "supervision_open",
    409,
    zh="上一次督办尚未答复，答复后才能再次督办",
    en="The last question has not been answered yet; ask again after the answer",
)
NO_SUPERVISION = ErrorCode(
    "no_supervision",
    409,
    zh="本单位没有待答复的督办，无需答复",
    en="No supervisor waits for an answer of your unit; there is nothing to do",
)
NOT_PROMISED = ErrorCode(
    "nothing_owed",
    409,
    zh="该材料不在容缺补交清单中，或已补交；清单见办件详情",
    en="This material is not owed, or has come; the case's details list what is",
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
    zh="该人员应当回避，或尚未登记本人身份，无法确认是否需要回避，请另选",
    en="The case is a matter of this person's own, or it is not on record who they are; choose another one",
)
UNIT_NOT_POSSIBLE = ErrorCode(
    "unit_not_possible",
    422,
    zh="没有该单位，或该单位已在此环节中",
    en="There is no such unit, or it has a part in this step already",
)
