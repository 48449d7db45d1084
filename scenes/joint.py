"""A building design that five departments review together, and the people who do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scenes.world import Client, Reply, World

SERVICE = "joint_design_review"
OFFICERS = {
    "planning": "planner",
    "structure": "housing",
    "environment": "ecology",
    "shelter": "shelter",
    "traffic": "officer.a",
    "decision": "planner",
}
"""Who answers each step."""
CHECKERS = {
    "housing_bureau": "housing",
    "ecology_bureau": "ecology",
    "civil_defence": "shelter",
    "transport_bureau": "officer.a",
}
"""Who says what each unit misses whose step comes later."""
OPINION = {"opinion": "符合要求，同意"}


@dataclass(kw_only=True)
class JointCase:
    """A submitted design, its applicant, and the officers, each logged in when first named."""

    world: World
    applicant: Client
    id: str
    form: dict[str, Any]
    clients: dict[str, Client] = field(default_factory=dict)

    def staff(self, username: str) -> Client:
        if username not in self.clients:
            self.clients[username] = self.world.staff(username)
        return self.clients[username]

    def log_in_again(self) -> None:
        """Time has passed, and with it everybody's session."""
        self.clients.clear()
        self.applicant.token = self.world.log_in("wechat", self.applicant.user).token

    def task(self, step: str, seat: int = 1) -> str:
        return f"{self.id}-{step}" if seat == 1 else f"{self.id}-{step}-{seat}"

    def do(self, username: str, verb: str, step: str, body: Any = None, *, seat: int = 1) -> Reply:
        """A verb on a step's task, by somebody."""
        return self.staff(username).post(f"/v1/tasks/{self.task(step, seat)}/{verb}", body)

    def done(self, username: str, verb: str, step: str, body: Any = None, *, seat: int = 1) -> Any:
        """A verb that succeeds; its answer."""
        answer = self.do(username, verb, step, body, seat=seat)
        assert answer.status == 200, (username, verb, step, answer.json)
        return answer.json

    def claim(self, step: str, username: str = "", *, seat: int = 1) -> None:
        self.done(username or OFFICERS[step], "claim", step, seat=seat)

    def approve(self, step: str, username: str = "", *, seat: int = 1) -> Any:
        """Take a step's task and approve it."""
        who = username or OFFICERS[step]
        self.claim(step, who, seat=seat)
        return self.done(who, "approve", step, OPINION, seat=seat)

    def confirm_all(self) -> None:
        """Every unit says that it misses nothing."""
        self.claim("planning")
        (intake,) = [step for step in self.view()["steps"] if step["code"] == "intake_check"]
        for seat in intake["seats"]:
            username = CHECKERS[seat["unit"]]
            self.claim("intake_check", username, seat=seat["number"])
            self.done(username, "confirm_papers", "intake_check", seat=seat["number"])
        self.done("planner", "confirm_papers", "planning")

    def accepted(self) -> JointCase:
        """The case, accepted and through its first step: four units review it at the same time."""
        self.confirm_all()
        self.done("planner", "approve", "planning", OPINION)
        return self

    @contextmanager
    def away(self, username: str, substitute: str, last_day: str = "2026-11-30") -> Iterator[None]:
        """Somebody is away from the second of November, and comes back at the end."""
        path = f"/v1/absences/{username}"
        days = {"first_day": "2026-11-02", "last_day": last_day}
        assert self.staff(username).put(path, {"substitute": substitute, **days}).status == 200
        yield
        over = {"first_day": "2026-01-05", "last_day": "2026-01-05"}
        assert self.world.staff(username).put(path, {"substitute": substitute, **over}).status == 200

    def decide(self) -> Any:
        """The planner's vote and the head's."""
        self.approve("decision")
        self.claim("decision", "planning.head", seat=2)
        return self.done("planning.head", "approve", "decision", OPINION, seat=2)

    def view(self, username: str = "planner", step: str = "planning") -> Any:
        """How the case stands, as an officer reads it."""
        return self.staff(username).get(f"/v1/tasks/{self.task(step)}").json["case"]

    def events(self) -> list[str]:
        """The timeline's events, as officers read them."""
        return [entry["type"] for entry in self.timeline(self.staff("planner"))["entries"]]

    def timeline(self, reader: Client | None = None) -> Any:
        """The timeline as the applicant reads it, or somebody else."""
        self.world.pump()
        return (reader or self.applicant).get(f"/v1/applications/{self.id}/timeline").json

    def queue(self, username: str, post: str = "officer") -> list[Any]:
        """The rows of this case in the queue of somebody's unit."""
        rows: list[Any] = []
        cursor = ""
        while True:
            page = self.staff(username).get(f"/v1/tasks?post={post}{cursor}").json
            rows += [row for row in page["items"] if row["application_id"] == self.id]
            if "cursor" not in page:
                return rows
            cursor = f"&cursor={page['cursor']}"


def submitted(
    world: World,
    *,
    floor_area: int = 26_000,
    has_basement: bool = True,
    project: str = "河西商务中心",
    **promises: Any,
) -> JointCase:
    """A design that waits for the departments."""
    applicant = world.real_person("戊建设")
    begun = applicant.post("/v1/applications", {"service": SERVICE})
    assert begun.status == 201, begun.json
    path = f"/v1/applications/{begun.json['id']}"
    form = {
        **begun.json["form"],
        "project": project,
        "site": "示例市建邺区江东中路",
        "floor_area": floor_area,
        "has_basement": has_basement,
    }
    saved = applicant.put(f"{path}/form", {"form": form})
    assert saved.status == 200, saved.json
    if promises:
        chosen = applicant.put(f"{path}/promises", promises)
        assert chosen.status == 200, chosen.json
    answer = applicant.post(f"{path}/submit")
    assert answer.status == 200 and answer.json["status"] == "received", answer.json
    return JointCase(world=world, applicant=applicant, id=begun.json["id"], form=form)
