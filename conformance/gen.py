"""``python -m conformance.gen``: write the cases that the folders lack; --all: all anew.

Cases in the tree are kept as they are: a stream once published stays the same bytes, whatever
today's encoder would make of its scene. Streams come from seeded scenes and this repository's
encoder; expected hashes from its decoder.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from conformance import invalid, restorer_cases, valid
from conformance.judge import HERE, Outcome, OwnDecoder

_PROFILES = {0: "lossy", 1: "lossless"}


def _write(folder: Path, data: bytes, exercises: str, expect: dict) -> None:
    folder.mkdir(parents=True)
    (folder / "in.nfx").write_bytes(data)
    facts = {
        "exercises": exercises,
        "profile": _PROFILES.get(data[10] if len(data) > 10 else 0, "unknown"),
        "level": data[11] if len(data) > 11 else 0,
        "expect": expect,
    }
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    (folder / "case.json").write_text(text + "\n", "utf-8")


def _expect_valid(outcome: Outcome) -> dict:
    expect = {
        "sha256": outcome.sha256, "n_gaussians": outcome.n_gaussians,
        "sh_degree": outcome.sh_degree, "complete": outcome.complete,
    }
    return expect | ({"extra": outcome.extra} if outcome.extra else {})


def _decode(data: bytes) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.nfx"
        path.write_bytes(data)
        return OwnDecoder()(path)


def generate(root: Path = HERE, anew: bool = False) -> int:
    """Write missing (or all) cases under `root`; returns how many. ValueError when one misbehaves.
    """
    if anew:
        for name in ("streams", "bad", restorer_cases.FOLDER):
            shutil.rmtree(root / name, ignore_errors=True)
    there = {p.parent.name for p in root.glob("*/*/case.json")}
    missing = {k: v for k, v in valid.CASES.items() if k not in there}
    wrong = {k: v for k, v in invalid.CASES.items() if k not in there}
    for name, (exercises, make) in missing.items():
        data = make()
        outcome = _decode(data)
        if outcome.error is not None:
            raise ValueError(f"{name}: our decoder says {outcome.error} ({outcome.code})")
        _write(root / "streams" / name, data, exercises, _expect_valid(outcome))
    for name, case in wrong.items():
        data = case.make()
        outcome = _decode(data)
        expect = {"error": list(case.errors)} | ({"code": outcome.code} if outcome.code else {})
        if outcome.error not in case.errors:
            raise ValueError(f"{name}: our decoder says {outcome}, expected {case.errors}")
        _write(root / "bad" / name, data, case.exercises, expect)
    return len(missing) + len(wrong) + restorer_cases.generate(root)


if __name__ == "__main__":
    print(f"wrote {generate(anew='--all' in sys.argv[1:])} cases")
