"""What goes into the packages: everything that is reached, and nothing that is not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from infra import package, reduce
from infra.closure import Closure


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {
            "main.py": "import a.b\nfrom c import d\ndef later():\n    import e\n",
            "a/__init__.py": "from . import near\nfrom .deep.er import thing\n",
            "a/b.py": "import json",
            "a/near.py": "",
            "a/unreached.py": "",
            "a/deep/__init__.py": "",
            "a/deep/er.py": "from ..near import x\nthing = 1\n",
            "c.py": "if TYPE_CHECKING:\n    import for_checkers\nelse:\n    import for_running\n",
            "e.py": "import optional",
            "for_checkers.py": "",
            "for_running.py": "",
            "optional.py": "",
        },
    )


def test_every_reachable_module_is_found_and_no_other(program: Path) -> None:
    found = Closure({"": program}, ["main"]).modules
    wanted = {"main", "a", "a.b", "a.near", "a.deep", "a.deep.er", "c", "e", "for_running", "optional"}
    assert set(found) == wanted
    assert found["a.deep.er"] == program / "a" / "deep" / "er.py"


def test_what_is_excluded_is_not_entered(program: Path) -> None:
    assert not {"e", "optional"} & set(Closure({"": program}, ["main"], ("e",)).modules)


def test_only_services_that_are_called_keep_their_models() -> None:
    assert reduce.services() >= {"dynamodb", "kms", "s3", "secretsmanager", "sqs"}
    assert reduce.is_left_out(Path("botocore/data/ec2/2016-11-15/service-2.json.gz"))
    assert reduce.is_left_out(Path("botocore/data/kms/2014-11-01/examples-1.json"))
    assert not reduce.is_left_out(Path("botocore/data/kms/2014-11-01/service-2.json.gz"))
    assert not reduce.is_left_out(Path("botocore/data/endpoints.json"))


def test_of_a_model_what_is_called_stays_without_its_documentation() -> None:
    operations = {"Sign": {"input": {"shape": "documentation"}}, "ScheduleKeyDeletion": {"input": {"shape": "Unused"}}}
    shapes = {"documentation": {"type": "string"}, "Unused": {"type": "string"}}
    model = {"documentation": "words", "operations": operations, "shapes": shapes}
    _, reduced = reduce.reduced("botocore/data/kms/2014-11-01/service-2.json", json.dumps(model).encode())
    wanted = {"Sign": {"input": {"shape": "documentation"}}}
    assert json.loads(reduced) == {
        "documentation": "",
        "operations": wanted,
        "shapes": {"documentation": {"type": "string"}},
    }


def test_another_python_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1, "final", 0))
    with pytest.raises(package.BuildFailed, match=r"needs Python 3\.13 and \.venv has 3\.12"):
        package.require_python()
