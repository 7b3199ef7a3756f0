"""API reference as HTML from the docstrings, one folder a version (pdoc; extra `docs`).

    python -m tools.api_docs [-o build/api]        # make docs

Writes DIR/VERSION/ with a page for each module of MODULES, and DIR/index.html that leads to it.
Public is what a module's `__all__` names. Ends with code 1 when a public name has no docstring.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import codec

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("codec", "codec.errors", "codec.rendering", "codec.io.report")


def public_names(module: ModuleType) -> list[str]:
    """`__all__`, else the classes and functions that the module defines."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name, value in vars(module).items()
                 if getattr(value, "__module__", "") == module.__name__]
    return [name for name in names if not name.startswith("_")]


def undocumented(module: ModuleType) -> list[str]:
    """Public names, methods and properties without a docstring of their own."""
    missing = []
    for name in public_names(module):
        value = getattr(module, name)
        doc = vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value)
        # A dataclass without a docstring gets its signature as one.
        if not doc or doc.startswith(f"{name}("):
            missing.append(f"{module.__name__}.{name}")
        if inspect.isclass(value):
            missing += [f"{module.__name__}.{name}.{member}" for member, it in vars(value).items()
                        if not member.startswith("_") and not it.__doc__
                        and (inspect.isfunction(it) or isinstance(it, property))]
    return missing


def names_explained(value) -> set[str]:
    """Parameters of a function, fields of a class: what its docstring explains as `name: ...`."""
    names = set(getattr(value, "__annotations__", {}))
    if callable(value) and not inspect.isclass(value):
        names |= set(inspect.signature(value).parameters)
    return names | {"code", "message", "where"}


def as_markdown(text: str, names: set[str]) -> str:
    """A docstring with its `name: meaning` entries as a list; other lines as they are.

    Entries may share a line, some spaces apart, and go on over lines until one starts anew.
    """
    known = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    start = rf"((?:{known})(?:\([^)]*\))?)[:.](?=\s|$)"
    out: list[str] = []
    in_entry = False
    for line in text.splitlines():
        for part in re.split(rf"(?:\s{{2,}}|(?<=\.) )(?={start.replace('(', '(?:', 1)})", line):
            entry = re.match(start, part.lstrip())
            if entry:
                out += [] if in_entry else [""]
                out.append(f"- `{entry[1]}`: {part.lstrip()[entry.end():].strip()}".rstrip(": "))
                in_entry = True
                continue
            ended = not part or out[-1].endswith((".", ":", "`")) if in_entry else False
            if ended and not part.startswith(" "):
                out.append("")
                in_entry = False
            out.append(f"  {part.strip()}" if in_entry else part)
    return "\n".join(out).strip()


def _prepare(doc) -> None:
    """Give pdoc's tree the docstrings as Markdown."""
    members = getattr(doc, "own_members", None) or getattr(doc, "members", {}).values()
    for member in members:
        _prepare(member)
    if doc.kind in ("class", "function"):
        doc.__dict__["docstring"] = as_markdown(doc.docstring, names_explained(doc.obj))


def _loaded(name: str) -> ModuleType:
    """A module to look into: pdoc reads its dictionary, where lazy names would be missing."""
    module = importlib.import_module(name)
    seen = ModuleType(name, module.__doc__)
    vars(seen).update(vars(module))
    vars(seen).update({public: getattr(module, public) for public in public_names(module)})
    return seen


def write_docs(folder: Path) -> list[Path]:
    """Write the reference of this version below `folder`; returns the pages."""
    import pdoc.doc
    import pdoc.render

    title = f"NFX {codec.__version__}"
    pdoc.render.configure(docformat="markdown", footer_text=title, search=False, show_source=False)
    modules = {name: pdoc.doc.Module(_loaded(name)) for name in MODULES}
    target = folder / codec.__version__
    pages = []
    for name, module in modules.items():
        _prepare(module)
        page = target / f"{name.replace('.', '/')}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(pdoc.render.html_module(module, modules), "utf-8")
        pages.append(page)
    for where, goal in ((target, "codec.html"), (folder, f"{codec.__version__}/codec.html")):
        (where / "index.html").write_text(
            f'<!doctype html><title>{title}</title>'
            f'<meta http-equiv="refresh" content="0; url={goal}"><a href="{goal}">{title}</a>\n',
            "utf-8")
    return pages


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build/api", metavar="DIR",
                        help="folder of all versions (default: build/api in the repository)")
    given = parser.parse_args()
    missing = [name for module in MODULES for name in undocumented(importlib.import_module(module))]
    if missing:
        print(f"without a docstring: {', '.join(missing)}", file=sys.stderr)
        return 1
    pages = write_docs(given.output)
    print(f"{pages[0]}: {len(pages)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
