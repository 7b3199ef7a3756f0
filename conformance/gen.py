"""``python -m conformance.gen``: write streams/, bad/ and restorer/ anew.

Streams come from seeded scenes and this repository's encoder; expected hashes from its decoder.
"""

from __future__ import annotations

import json
import shutil
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


def generate(root: Path = HERE) -> int:
    """Write all cases under `root`; returns how many. Raises ValueError when one misbehaves."""
    for name in ("streams", "bad", restorer_cases.FOLDER):
        shutil.rmtree(root / name, ignore_errors=True)
    for name, (exercises, make) in valid.CASES.items():
        data = make()
        outcome = _decode(data)
        if outcome.error is not None:
            raise ValueError(f"{name}: our decoder says {outcome.error} ({outcome.code})")
        _write(root / "streams" / name, data, exercises, _expect_valid(outcome))
    for name, case in invalid.CASES.items():
        data = case.make()
        outcome = _decode(data)
        expect = {"error": list(case.errors)} | ({"code": outcome.code} if outcome.code else {})
        if outcome.error not in case.errors:
            raise ValueError(f"{name}: our decoder says {outcome}, expected {case.errors}")
        _write(root / "bad" / name, data, case.exercises, expect)
    return len(valid.CASES) + len(invalid.CASES) + restorer_cases.generate(root)


if __name__ == "__main__":
    print(f"wrote {generate()} cases")
