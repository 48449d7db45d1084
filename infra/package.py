"""``make package``: builds what Lambda runs, ``build/<architecture>/api.zip`` and ``printing.zip``.

Wheels for Lambda's platform, only the packages that our code can reach, bytecode compiled in,
no documentation; the same input gives the same bytes. The finished package is imported in an empty
environment, measured, and refused when it is larger than its limit. docs/decisions/packaging.md has the why.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib import features
from chalicelib.kernel.settings import examples
from infra import reduce, stack
from infra.closure import Closure
from infra.stack import ROOT

BUILD = ROOT / "build"
PLATFORMS = {"x86_64": ("x86_64-manylinux_2_28", 62), "arm64": ("aarch64-manylinux_2_28", 183)}
PYTHON = (3, 13)
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Artefact:
    """One package of code; ``without`` names modules and files that its functions never need."""

    name: str
    limit_mb: int
    without: tuple[str, ...] = ()


ARTEFACTS = (
    Artefact(
        "api",
        75,
        (
            "chalicelib.certificates.pdf",
            "chalicelib.delivery.drawing",
            "chalicelib.payments.drawing",
            "chalicelib/certificates/fonts",
            # its pictures; ours are drawn as SVG
            "qrcode.image.pil",
            "qrcode.image.styledpil",
            "qrcode.image.styles.colormasks",
            "qrcode.image.styles.moduledrawers.pil",
        ),
    ),
    Artefact("printing", 100),
)
OURS = ("app", "chalicelib", "functions")
# what a library offers to work with, and none of ours uses
UNUSED = ("yaml",)
# of these libraries only the modules that are reached; of all others the whole package
ONLY_REACHED = ("alipay", "chalice", "qrcode")
# what native code needs besides, which no import statement shows
COMPANIONS = {"cryptography": ("_cffi_backend.*",), "PIL": ("pillow.libs",)}


class BuildFailed(SystemExit):
    """Nothing was built that may be deployed; the message says why."""


def build(architecture: str) -> Path:
    """Build all artefacts and the template for an architecture; the folder that holds them."""
    require_python()
    wheels, folder = _wheels(architecture), BUILD / architecture
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        template, finished = stack.whole(scratch), scratch / "finished"
        finished.mkdir()
        reports = [_build_one(one, architecture, wheels, template, scratch) for one in ARTEFACTS]
        _write_json(finished / "template.json", template)
        _write_json(finished / "sizes.json", reports)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(finished, folder)
    return folder


def this_architecture() -> str:
    """This machine's processor in Lambda's words."""
    machine = os.uname().machine
    return {"aarch64": "arm64"}.get(machine, machine)


def require_python() -> None:
    """Stop unless this interpreter is the one that Lambda runs: wheels and bytecode must match."""
    if sys.version_info[:2] != PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        raise BuildFailed(
            f"this needs Python 3.13 and .venv has {found}: install 3.13 (for example `pyenv install 3.13`), "
            "then `rm -r .venv && make install`"
        )


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _wheels(architecture: str) -> Path:
    """The folder with requirements.txt installed for Lambda's platform, made once for each of its contents."""
    requirements = ROOT / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = BUILD / "wheels" / f"{architecture}-{digest}"
    if folder.exists():
        return folder
    print(f"installing requirements.txt for {architecture}", flush=True)
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--require-hashes"]
    command += ["--python", sys.executable, "--python-version", "3.13", "--python-platform", PLATFORMS[architecture][0]]
    command += ["--only-binary", ":all:", "--target", str(draft), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(
            f"a dependency could not be installed for {architecture} (an index other than PyPI is set with "
            f"UV_DEFAULT_INDEX):\n{done.stderr.strip()}"
        )
    draft.rename(folder)
    return folder


def _build_one(
    artefact: Artefact, architecture: str, wheels: Path, template: stack.Template, scratch: Path
) -> dict[str, Any]:
    print(f"building {artefact.name} for {architecture}", flush=True)
    closure = _closure(artefact, wheels, _entries(artefact, template))
    unpacked = scratch / artefact.name
    for source, name in _files(artefact, closure, wheels):
        name, data = reduce.reduced(name, source.read_bytes())
        target = unpacked / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    _compile(unpacked)
    _check_machine(unpacked, architecture)
    if sys.platform == "linux" and architecture == this_architecture():
        _check_imports(unpacked, closure)
    zipped = _zip(unpacked, scratch / "finished" / f"{artefact.name}.zip")
    return _measured(artefact, unpacked, zipped)


def _closure(artefact: Artefact, wheels: Path, entries: list[str]) -> Closure:
    """The modules that an artefact needs: those that are imported, and those that features name."""
    roots = {"": wheels} | dict.fromkeys(OURS, ROOT)
    excluded = (*UNUSED, *artefact.without)
    closure = Closure(roots, entries, excluded)
    if features.__name__ in closure.modules:
        closure = Closure(roots, [*entries, *sorted(features.named_modules())], excluded)
    return closure


def _entries(artefact: Artefact, template: stack.Template) -> list[str]:
    """The modules of the handlers of all functions that run from this artefact."""
    usual = template["Globals"]["Function"]["CodeUri"]
    functions = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    wanted = f"./{artefact.name}.zip"
    return sorted(one["Handler"].rpartition(".")[0] for one in functions if one.get("CodeUri", usual) == wanted)


def _files(artefact: Artefact, closure: Closure, wheels: Path) -> Iterator[tuple[Path, str]]:
    """What goes in, with its place in the package."""
    packages: set[str] = set()
    for module, file in sorted(closure.modules.items()):
        top = module.split(".")[0]
        if top in OURS:
            yield file, str(file.relative_to(ROOT))
            yield from _data_beside(artefact, file)
        elif top in ONLY_REACHED or file.parent == wheels:
            yield file, str(file.relative_to(wheels))
        else:
            packages.add(top)
    for top in sorted(packages):
        for pattern in (top, *COMPANIONS.get(top, ())):
            for found in sorted(wheels.glob(pattern)):
                for file in sorted(found.rglob("*")) if found.is_dir() else [found]:
                    if file.is_file() and not reduce.is_left_out(file.relative_to(wheels)):
                        yield file, str(file.relative_to(wheels))


def _data_beside(artefact: Artefact, module: Path) -> Iterator[tuple[Path, str]]:
    """Pages, fonts and the like that lie in a package of ours; they come with its ``__init__``."""
    if module.name == "__init__.py":
        for file in sorted(module.parent.rglob("*")):
            name = str(file.relative_to(ROOT))
            is_code = file.suffix == ".py" or "__pycache__" in file.parts
            if file.is_file() and not is_code and not name.startswith(artefact.without or ("//",)):
                yield file, name


def _compile(unpacked: Path) -> None:
    """Bytecode that is never checked against a source; ours beside its source, the libraries' instead of it."""
    program = (
        "import importlib.util, pathlib\n"
        "from infra import reduce\n"
        "for file in sorted(pathlib.Path('.').rglob('*.py')):\n"
        f"    if file.parts[0].removesuffix('.py') in {OURS}:\n"
        "        compiled = pathlib.Path(importlib.util.cache_from_source(str(file)))\n"
        "        compiled.parent.mkdir(exist_ok=True)\n"
        "        compiled.write_bytes(reduce.bytecode(file.read_bytes(), f'/var/task/{file}'))\n"
        "    else:\n"
        "        file.with_suffix('.pyc').write_bytes(reduce.bytecode(file.read_bytes(), f'/var/task/{file}'))\n"
        "        file.unlink()\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=unpacked, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildFailed(f"{unpacked.name} cannot be compiled:\n{done.stderr}")


def _check_machine(unpacked: Path, architecture: str) -> None:
    for library in (path for path in unpacked.rglob("*") if path.suffix == ".so" or ".so." in path.name):
        if reduce.machine(library.read_bytes()) != PLATFORMS[architecture][1]:
            raise BuildFailed(f"{library.relative_to(unpacked)} is not for {architecture}")


def _check_imports(unpacked: Path, closure: Closure) -> None:
    """Import every module of ours, and what they import from libraries, with nothing else installed."""
    ours = [name for name in closure.modules if name.split(".")[0] in OURS]
    direct = {name for module in ours for name in closure.imports[module] if name in closure.modules}
    program = (
        "import importlib, sys\n"
        f"sys.path.insert(0, {str(unpacked)!r})\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "from chalicelib.kernel import aws\n"
        f"for service in {sorted(reduce.services())}:\n"
        "    aws.client(service)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program, *sorted({*ours, *direct})],
        cwd=unpacked,
        env={**examples(features.settings_kinds()), "AWS_DEFAULT_REGION": "cn-north-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(f"{unpacked.name} does not work with only what is packaged:\n{done.stderr}")


def _zip(unpacked: Path, target: Path) -> int:
    """A zip whose bytes depend on the files' names and contents only; its size."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(path for path in unpacked.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(file.relative_to(unpacked)), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, file.read_bytes())
    return target.stat().st_size


def _measured(artefact: Artefact, unpacked: Path, zipped: int) -> dict[str, Any]:
    parts: Counter[str] = Counter()
    for file in unpacked.rglob("*"):
        if file.is_file():
            parts[file.relative_to(unpacked).parts[0]] += file.stat().st_size
    total = sum(parts.values())
    largest = {name: round(size / MEGABYTE, 2) for name, size in parts.most_common(10)}
    report = {
        "name": artefact.name,
        "unzipped_mb": round(total / MEGABYTE, 2),
        "zipped_mb": round(zipped / MEGABYTE, 2),
        "limit_mb": artefact.limit_mb,
        "largest": largest,
    }
    if total > artefact.limit_mb * MEGABYTE:
        raise BuildFailed(f"{artefact.name} has {report['unzipped_mb']} MB, more than its limit: {json.dumps(report)}")
    return report


def describe(folder: Path) -> str:
    """The sizes of what was built, largest parts first."""
    lines = []
    for report in json.loads((folder / "sizes.json").read_text(encoding="utf-8")):
        lines.append(
            f"{report['name']}.zip  {report['unzipped_mb']} MB unzipped (limit {report['limit_mb']}), "
            f"{report['zipped_mb']} MB zipped"
        )
        lines += [f"  {size:>6.2f} MB  {name}" for name, size in report["largest"].items()]
    return "\n".join([*lines, f"in {folder.relative_to(ROOT)}/, with template.json"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make package", description="build what Lambda runs")
    parser.add_argument("--architecture", choices=PLATFORMS, default="x86_64")
    print(describe(build(parser.parse_args().architecture)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
