"""The stack as data: the YAML files of this folder, and their merge with what Chalice makes of the API.

``make run``, the checks and the deployment all read the files here, so there is one description of
everything that exists.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from chalicelib.kernel.settings import examples

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
FILES = ("data", "functions", "roles", "operations", "network", "edge")

Template = dict[str, Any]


class BadTemplate(SystemExit):
    """The files of this folder cannot be used; the message says which and where."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, read into their long forms."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: text.split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


def parts() -> Template:
    """All files as one template, without the API's routes.

    Raises ``BadTemplate`` when a file is no YAML or two files name one thing.
    """
    merged: Template = {"AWSTemplateFormatVersion": "2010-09-09", "Description": "Banshi 办事"}
    for name in FILES:
        for section, content in _read(FOLDER / f"{name}.yaml").items():
            if not isinstance(content, dict):
                merged[section] = content
                continue
            known = merged.setdefault(section, {})
            if twice := known.keys() & content.keys():
                raise BadTemplate(f"infra/{name}.yaml: {section} {', '.join(sorted(twice))} is defined in another file")
            known.update(content)
    return merged


def _read(path: Path) -> Template:
    try:
        found: Template = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        raise BadTemplate(f"{path}: {error}") from None
    return found


def whole(folder: Path) -> Template:
    """The template that is deployed: the parts merged into Chalice's package of the API, made in ``folder``."""
    project, merge = folder / "project", folder / "infra.json"
    (project / ".chalice").mkdir(parents=True)
    for name in ("app.py", "chalicelib"):
        (project / name).symlink_to(ROOT / name)
    (project / ".chalice" / "config.json").write_text((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    (project / "requirements.txt").touch()
    merge.write_text(json.dumps(parts()), encoding="utf-8")
    command = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())"]
    command += ["package", "--stage", "any", "--merge-template", str(merge), str(folder / "out")]
    done = subprocess.run(command, cwd=project, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"chalice package failed:\n{done.stdout}{done.stderr}")
    template: Template = json.loads((folder / "out" / "sam.json").read_text(encoding="utf-8"))
    return template


def _environment() -> dict[str, str]:
    """What importing the app asks for; none of it reaches the template."""
    # Not at the top: bytecode is compiled with the unpacked package in front, and that of printing has no features.
    from chalicelib import features

    return {**examples(features.settings_kinds()), "AWS_DEFAULT_REGION": "cn-north-1", "PATH": "/usr/bin:/bin"}
