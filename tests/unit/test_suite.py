"""The suite itself: decoders wrong in one thing fail it, nothing is uncovered, goldens decode."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from conformance import coverage, golden
from conformance.judge import FIELDS, HERE, Outcome, judge, load_cases, outcome_of
from conformance.reference_decoder import (
    StreamError,
    container,
    conventions,
    entropy,
    fields,
    lossless,
    reconstruct,
    scene,
    syntax,
    tiles,
)

CASES = {case.name: case for case in load_cases()}
REQUIREMENTS = coverage.by_requirement()
MODULES = (conventions, container, syntax, entropy, fields, tiles, lossless, reconstruct, scene)


def verdict(case):
    """What the suite says about the reference decoder on a case; None when it passes."""
    from codec.scene import Splats

    try:
        found = scene.decode(case.stream.read_bytes())
        arrays = {name: getattr(found, name) for name in FIELDS}
        outcome = outcome_of(Splats(**arrays, extra=found.extra), found.complete)
    except StreamError as error:
        outcome = Outcome(error=error.kind)
    except Exception as error:  # a decoder that crashes fails the case
        return f"crash: {error!r}"
    return judge(case, outcome)


# -- a decoder that leaves one check out -----------------------------------------------------------


def checked_requirements() -> list[str]:
    """Requirements that the reference decoder checks by name and annex D gives a bad stream for."""
    folder = HERE / "reference_decoder"
    text = "".join((folder / f"{m.__name__.split('.')[-1]}.py").read_text("utf-8")
                   for m in MODULES)
    ids = set(re.findall(r"\"(R-[A-Z]+-\d\d)\"", text))
    # An order flag of 2 stands for another number of columns: no stream breaks R-LL-02 alone.
    # Other decoders may have other limits (R-HEAD-07); no case is as long as a level's max_bytes.
    ids -= {"R-LL-02", "R-HEAD-07", "R-LVL-01"}
    return sorted(i for i in ids if any(c.startswith("bad/") for c in REQUIREMENTS.get(i, [])))


@pytest.mark.parametrize("requirement", checked_requirements())
def test_a_decoder_without_one_check_fails(requirement, monkeypatch):
    """Leave out the check of one requirement: some case of the suite fails."""
    need = conventions.need

    def forgetful(condition, name, *more, **kind):
        if name != requirement:
            need(condition, name, *more, **kind)

    for module in MODULES:
        monkeypatch.setattr(module, "need", forgetful)
    names = [c.split("/")[1] for c in REQUIREMENTS[requirement] if c.startswith("bad/")]
    assert any(verdict(CASES[name]) is not None for name in names)


# -- a decoder wrong in one formula ----------------------------------------------------------------


def _wrong_frequencies(weights):
    w = np.asarray(weights, np.int64)
    return 1 + w * ((1 << 24) - w.shape[-1]) // w.sum(-1, keepdims=True)


def _wrong_bits(rule, alpha, footprint, low, high, extra=0):
    weighted = (rule.alpha * alpha + rule.footprint * footprint) >> 4
    return np.clip((rule.offset + weighted + extra) >> 8, low, high)


MISTAKES = {
    "log2 by floating point": (
        "lossless-odd", lossless, "log2_q8", lambda v: (256 * np.log2(v)).astype(np.int64)),
    "precision rule without rounding": ("class-weights", tiles, "rule_bits", _wrong_bits),
    "CRC of another polynomial": ("one", container, "crc32c", lambda data: len(data)),
    "quaternion as xyzw": (
        "one", reconstruct, "quaternions",
        lambda q, b, _f=reconstruct.quaternions: np.roll(_f(q, b), -1, axis=1)),
    "positions at the lower end of their cells": (
        "two", reconstruct, "means",
        lambda cells, r, refinement, g: np.ldexp(cells.astype(np.float64), -g)),
    "fixed point rounded, not cut": (
        "lossless-odd", lossless, "fixed", lambda pattern, exponent: 1),
    "frequencies without the rest": ("sh-degree-0", entropy, "frequencies", _wrong_frequencies),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_decoder_wrong_in_one_formula_fails(mistake, monkeypatch):
    """Each mistake shows in the case of its tool, which the right decoder passes."""
    name, module, function, wrong = MISTAKES[mistake]
    assert verdict(CASES[name]) is None
    monkeypatch.setattr(module, function, wrong)
    assert verdict(CASES[name]) is not None


# -- coverage --------------------------------------------------------------------------------------


def test_no_tool_and_no_requirement_is_uncovered():
    """COVERAGE.md is up to date and shows no hole."""
    tools, requirements = coverage.by_tool(load_cases()), REQUIREMENTS
    assert coverage.holes(tools, requirements) == []
    assert (HERE / "COVERAGE.md").read_text("utf-8") == coverage.table(tools, requirements)


# -- goldens ---------------------------------------------------------------------------------------


def test_goldens_of_every_version():
    """Stamped streams are unchanged and decode to what they did, or are refused as they must."""
    assert golden.problems() == {}
    versions = [p.parent.name for p in golden.FOLDER.glob("*/results.json")]
    assert golden.current_version() in versions


def test_a_changed_golden_is_noticed(tmp_path, monkeypatch):
    """A stream, a hash or a file that is gone: each is named."""
    monkeypatch.setattr(golden, "CHOSEN", ("one", "two", "empty"))
    assert golden.stamp(tmp_path) == 3 and golden.problems(tmp_path) == {}
    folder = tmp_path / golden.current_version()
    (folder / "one.nfx").unlink()
    (folder / "two.nfx").write_bytes((folder / "empty.nfx").read_bytes())
    results = json.loads((folder / "results.json").read_text("utf-8"))
    results["empty"]["sha256"] = "0"
    (folder / "results.json").write_text(json.dumps(results))
    found = {name.split("/")[1]: text for name, text in golden.problems(tmp_path).items()}
    assert found == {"one": "the stream is gone", "two": "the stream was changed",
                     "empty": "sha256 differ"}
    with pytest.raises(SystemExit, match="never changed"):
        golden.stamp(tmp_path)


def test_what_must_decode(monkeypatch):
    """Before 1.0 only the own version; from 1.0 on all of the same major version."""
    assert golden.must_decode(golden.current_version()) and not golden.must_decode("0.99")
    monkeypatch.setattr(golden.tables, "MAJOR", 1)
    monkeypatch.setattr(golden.tables, "MINOR", 3)
    assert [golden.must_decode(v) for v in ("0.1", "1.0", "1.3", "1.4", "2.0")] == [
        False, True, True, False, False]
