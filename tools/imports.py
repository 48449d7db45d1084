"""Who imports whom: read from the text of the modules, without loading them."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = (
    "app.py",
    "chalicelib",
    "functions",
    "publishing",
    "infra",
    "local",
    "tools",
    "demo",
    "scenes",
    "bench",
    "tests",
)


def imports(module: str, text: str, *, is_package: bool = False) -> list[str]:
    """Every module that a module's text imports, wherever in it; ``from x import y`` gives ``x.y``.

    Relative imports are resolved against the module's own package.
    """
    package = module if is_package else module.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, node.module] if node.module else parents)
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[str]:
    return imports(module_name(path), path.read_text(encoding="utf-8"), is_package=path.stem == "__init__")


def is_below(name: str, package: str) -> bool:
    """Whether a module is a package or in it; compared by part, so ``locale`` is not in ``local``."""
    return name.split(".")[: len(package.split("."))] == package.split(".")


def imports_at_start(path: Path) -> list[str]:
    """What a module imports when it is loaded: not what stands in functions, and not what is for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    text = "\n".join(lines)
    return imports(module_name(path), text, is_package=path.stem == "__init__")


def edges_of_files() -> dict[str, set[str]]:
    """Which module of chalicelib imports which others when it is loaded."""
    paths = {module_name(path): path for path in (ROOT / "chalicelib").rglob("*.py")}
    edges: dict[str, set[str]] = {}
    for module, path in paths.items():
        edges[module] = set()
        for name in imports_at_start(path):
            # ``from package import module`` loads the module; the package itself is being loaded already by then
            target = name if name in paths else name.rpartition(".")[0]
            is_own_package = module.startswith(f"{target}.")
            if target in paths and target != module and not is_own_package:
                edges[module].add(target)
    return edges


def edges_of_folders() -> dict[str, set[str]]:
    """Which folder of the repository imports which others, wherever in its modules."""
    names = {folder.removesuffix(".py") for folder in FOLDERS}
    edges: dict[str, set[str]] = {}
    for folder in FOLDERS:
        place = ROOT / folder
        own = folder.removesuffix(".py")
        edges[own] = set()
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if "node_modules" in path.parts:
                continue
            tops = {name.split(".")[0] for name in imports_of(path)}
            edges[own] |= (tops & names) - {own}
    return edges


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other in a circle (strongly connected components, Tarjan)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        stack.append(module)
        for other in sorted(edges.get(module, ())):
            if other not in index:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], index[other])
        if lowest[module] == index[module]:
            group: list[str] = []
            while not group or group[-1] != module:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(edges):
        if module not in index:
            visit(module)
    return found
