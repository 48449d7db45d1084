"""The part of ``make demo`` in which five departments decide one case (docs/deciding.md)."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel import clock
from demo.client import Demo, DemoFailed, Headers

SERVICE = "joint_design_review"
FORM = {"project": "河西商务中心", "site": "示例市建邺区江东中路", "floor_area": 26_000, "has_basement": True}
CHECKERS = {
    "housing_bureau": "housing",
    "ecology_bureau": "ecology",
    "civil_defence": "shelter",
    "transport_bureau": "officer.b",
}
REVIEWERS = {"structure": "housing", "environment": "ecology", "shelter": "shelter", "traffic": "officer.b"}
OPINION = {"opinion": "符合要求，同意"}


class Office:
    """The officers of this part, each logged in once, and one case in their hands."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.case = ""
        self._headers: dict[str, Headers] = {}

    def headers(self, username: str) -> Headers:
        if username not in self._headers:
            self._headers[username] = self.demo.log_in_staff(username)
        return self._headers[username]

    def task(self, step: str, seat: int = 1) -> str:
        return f"{self.case}-{step}" if seat == 1 else f"{self.case}-{step}-{seat}"

    def do(self, username: str, verb: str, step: str, body: Any = None, seat: int = 1, expect: int = 200) -> Any:
        path = f"/v1/tasks/{self.task(step, seat)}/{verb}"
        return self.demo.call("POST", path, body or {}, self.headers(username), expect)

    def view(self, username: str, step: str) -> Any:
        return self.demo.call("GET", f"/v1/tasks/{self.task(step)}", headers=self.headers(username))

    def approve(self, username: str, step: str, seat: int = 1) -> Any:
        self.do(username, "claim", step, seat=seat)
        return self.do(username, "approve", step, OPINION, seat)


def play(demo: Demo) -> None:
    """A building design: from one notice of two units to a decision of two persons."""
    print("\nA case that five departments decide\n")
    office = Office(demo)
    builder = demo.step("somebody wants to build, logs in and proves who they are", lambda: new_builder(demo))
    demo.step("submits a design; five departments are asked", lambda: submit(office, builder))
    demo.step("two of them miss something: one notice", lambda: told_once(office, builder))
    demo.step("the one answer; the planner's step is done", lambda: answered(office, builder))
    demo.step("a task is handed on to a colleague", lambda: transferred(office))
    demo.step("who lets another one sign after", lambda: signer_added(office))
    demo.step("experts are asked: the clock stands, grey", lambda: paused(office))
    demo.step("experts have answered; four departments agree", lambda: reviewed(office))
    demo.step("the planner sends it back to the first step", lambda: returned(office))
    demo.step("and through all of them again, now quickly", lambda: reviewed_again(office))
    demo.step("a substitute answers for the planner, who is away", lambda: substituted(office))
    demo.step("the head decides; the certificate is issued", lambda: decided(office, builder))


def new_builder(demo: Demo) -> tuple[Headers, str]:
    headers = demo.log_in("wechat", demo.new_user("builder"))
    me, told = demo.prove_on_wechat(headers, demo.new_person("戊建设"))
    assert me["level"] == "proven"
    return headers, told


def submit(office: Office, builder: Headers) -> tuple[None, str]:
    applied = office.demo.apply(builder, SERVICE, FORM, "received")
    office.case = applied["id"]
    case = office.view("planner", "planning")["case"]
    intake = next(step for step in case["steps"] if step["code"] == "intake_check")
    return None, f"receipt {applied['receipt']}, {len(intake['seats']) + 1} departments"


def told_once(office: Office, builder: Headers) -> tuple[None, str]:
    """Each department says what it misses; the last one's word sends the list."""
    missing = {"housing": ("/form/project", "请写明项目分期"), "shelter": ("/form/site", "请写明地块编号")}
    case = office.view("planner", "planning")["case"]
    intake = next(step for step in case["steps"] if step["code"] == "intake_check")
    for seat in intake["seats"]:
        username = CHECKERS[seat["unit"]]
        office.do(username, "claim", "intake_check", seat=seat["number"])
        if username in missing:
            field, what = missing[username]
            body = {"items": [{"field": field, "what": what}]}
            office.do(username, "request_correction", "intake_check", body, seat["number"])
        else:
            office.do(username, "confirm_papers", "intake_check", seat=seat["number"])
    office.do("planner", "claim", "planning")
    office.do("planner", "confirm_papers", "planning")
    told = office.demo.call("GET", f"/v1/applications/{office.case}", headers=builder)
    if told["status"] != "correction" or len(told["corrections"]) != 2:
        raise DemoFailed(f"one notice of two points was expected, not {told['status']} {told['corrections']}")
    return None, "; ".join(f"{point['unit']}: {point['what']}" for point in told["corrections"])


def answered(office: Office, builder: Headers) -> tuple[None, str]:
    path = f"/v1/applications/{office.case}"
    form = office.demo.call("GET", path, headers=builder)["form"]
    changed = {**form, "project": "河西商务中心(一期)", "site": "示例市建邺区江东中路 3 号地块"}
    office.demo.call("POST", f"{path}/corrections", {"form": changed}, builder)
    case = office.view("planner", "planning")["case"]
    intake = next(step for step in case["steps"] if step["code"] == "intake_check")
    for seat in intake["seats"]:
        office.do(CHECKERS[seat["unit"]], "confirm_papers", "intake_check", seat=seat["number"])
    done = office.do("planner", "approve", "planning", OPINION)
    return None, f"{done['status']}, due {done['due_on']}"


def transferred(office: Office) -> tuple[None, str]:
    office.do("housing", "claim", "structure")
    office.do("housing", "transfer", "structure", {"to": "housing.b", "reason": "转给结构专业"})
    return None, "housing -> housing.b"


def signer_added(office: Office) -> tuple[None, str]:
    office.do("housing.b", "add_signer_after", "structure", {"to": "housing", "reason": "请复核结构计算"})
    return None, "housing.b, then housing"


def paused(office: Office) -> tuple[None, str]:
    notice = {"kind": "expert_review", "document": "住建特告〔2026〕12号", "days": 20, "reason": "超限高层"}
    light = office.do("housing.b", "open_procedure", "structure", notice)["light"]
    refused = office.do("housing.b", "approve", "structure", OPINION, expect=409)
    return None, f"light {light}; a vote meanwhile: {refused['code']}"


def reviewed(office: Office) -> tuple[None, str]:
    over = {"kind": "expert_review", "result": "评审通过"}
    due_on = office.do("housing.b", "close_procedure", "structure", over)["due_on"]
    office.do("housing.b", "approve", "structure", OPINION)
    office.do("housing", "approve", "structure", OPINION, 2)
    for step, username in REVIEWERS.items():
        if step != "structure":
            office.approve(username, step)
    return None, f"due {due_on}"


def returned(office: Office) -> tuple[None, str]:
    office.do("planner", "claim", "decision")
    office.do("planner", "return_to", "decision", {"step": "planning", "reason": "容积率计算有误，重新核对"})
    step = next(one for one in office.view("planner", "planning")["case"]["steps"] if one["code"] == "planning")
    return None, f"round {step['round']} of planning"


def reviewed_again(office: Office) -> tuple[None, str]:
    """Everybody has the own task again."""
    office.do("planner", "approve", "planning", OPINION)
    for step, username in REVIEWERS.items():
        office.do("housing.b" if step == "structure" else username, "approve", step, OPINION)
    return None, "5 votes"


def substituted(office: Office) -> tuple[None, str]:
    today = str(clock.today())
    absence = {"substitute": "planner.b", "first_day": today, "last_day": today}
    office.demo.call("PUT", "/v1/absences/planner", absence, office.headers("planner"))
    office.do("planner.b", "approve", "decision", OPINION)
    return None, "planner.b for planner"


def decided(office: Office, builder: Headers) -> tuple[None, str]:
    done = office.approve("planning.head", "decision", 2)
    over = {"substitute": "planner.b", "first_day": "2026-01-05", "last_day": "2026-01-05"}
    office.demo.call("PUT", "/v1/absences/planner", over, office.headers("planner"))
    url, _ = office.demo.print_certificate(builder, done["certificate_id"], "design-decision")
    _, found = office.demo.scan(url, "valid")
    return None, f"{done['status']}; scanned: {found}"
