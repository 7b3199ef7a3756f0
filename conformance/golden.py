"""Streams of past format versions that every later decoder must still decode to the same arrays.

    python -m conformance.golden                # decode all goldens, say what differs
    python -m conformance.golden --stamp        # add those of the version this code writes

`golden/VERSION/NAME.nfx` with the SHA-256 of stream and arrays in `golden/VERSION/results.json`.
A stamped version is never written again. While the major version is 0 a decoder refuses other
versions (R-FILE-03), so that a change of the version number retires the goldens before it: they
stay in the tree and must then be refused as unsupported. From 1.0 on every golden of the same
major version must decode.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from codec.wire import tables
from conformance.judge import HERE, Outcome, OwnDecoder

FOLDER = HERE / "golden"
# One stream for each coding tool: see COVERAGE.md.
CHOSEN = (
    "one", "coincident", "sh-degree-3", "tiles", "refinement", "class-weights", "near-lossless",
    "escapes", "extra-columns", "default-views", "restorer", "cut-after-base", "synthetic-1",
    "lossless-order", "lossless-odd", "lossless-grid", "lossless-palette", "lossless-unit-order",
)


def current_version() -> str:
    return f"{tables.MAJOR}.{tables.MINOR}"


def facts_of(path: Path, outcome: Outcome) -> dict:
    """What is recorded of a golden."""
    return {
        "stream_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "sha256": outcome.sha256, "n_gaussians": outcome.n_gaussians,
        "sh_degree": outcome.sh_degree, "complete": outcome.complete, "extra": outcome.extra or {},
    }


def stamp(folder: Path = FOLDER) -> int:
    """Copy the chosen cases of conformance/streams as this version's goldens; how many."""
    target = folder / current_version()
    if target.exists():
        raise SystemExit(f"{target} is stamped already; a stamped version is never changed")
    target.mkdir(parents=True)
    results = {}
    for name in CHOSEN:
        path = target / f"{name}.nfx"
        path.write_bytes((HERE / "streams" / name / "in.nfx").read_bytes())
        results[name] = facts_of(path, OwnDecoder()(path))
    text = json.dumps(results, indent=1, sort_keys=True) + "\n"
    (target / "results.json").write_text(text, "utf-8")
    return len(results)


def must_decode(version: str) -> bool:
    """Whether this decoder has to read streams of that version."""
    major, minor = map(int, version.split("."))
    if major == 0 or tables.MAJOR == 0:
        return version == current_version()
    return (major, minor) <= (tables.MAJOR, tables.MINOR) and major == tables.MAJOR


def problems(folder: Path = FOLDER) -> dict[str, str]:
    """What is wrong, by "version/name"; empty when every golden does what it must."""
    found = {}
    for results in sorted(folder.glob("*/results.json")):
        for name, want in json.loads(results.read_text("utf-8")).items():
            path = results.parent / f"{name}.nfx"
            problem = _problem(path, want, must_decode(results.parent.name))
            if problem:
                found[f"{results.parent.name}/{name}"] = problem
    return found


def _problem(path: Path, want: dict, decodes: bool) -> str | None:
    if not path.exists():
        return "the stream is gone"
    if hashlib.sha256(path.read_bytes()).hexdigest() != want["stream_sha256"]:
        return "the stream was changed"
    outcome = OwnDecoder()(path)
    if not decodes:
        return None if outcome.error == "unsupported" else "a retired version is not refused"
    if outcome.error:
        return f"error '{outcome.error}'"
    found = facts_of(path, outcome)
    wrong = [key for key, value in want.items() if found[key] != value]
    return f"{', '.join(wrong)} differ" if wrong else None


def main() -> int:
    if "--stamp" in sys.argv[1:]:
        print(f"stamped {stamp()} goldens of version {current_version()}")
        return 0
    found = problems()
    for name, problem in found.items():
        print(f"FAIL  {name}: {problem}")
    print(f"{len(found)} goldens fail")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
