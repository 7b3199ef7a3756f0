"""The suite itself: decoders wrong in one thing fail it, nothing is uncovered, goldens decode."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from conformance import coverage, golden
from conformance.judge import HERE, judge, load_cases, outcome_of
from conformance.refdec import container, scene, symbols, tiles

CASES = {case.name: case for case in load_cases()}
REQUIREMENTS = coverage.by_requirement()
MODULES = (container, scene, symbols, tiles)


def verdict(case):
    """What the suite says about the second decoder on a case; None when it passes."""
    from codec.scene import Splats
    from conformance.judge import Outcome
    from tools.differential import _THEIR_CLASSES

    try:
        arrays, extra, complete = scene.decode(case.stream.read_bytes())
        outcome = outcome_of(Splats(**arrays, extra=extra), complete)
    except tuple(_THEIR_CLASSES) as error:
        outcome = Outcome(error=_THEIR_CLASSES[type(error)])
    except Exception as error:  # a decoder that crashes fails the case
        return f"crash: {error!r}"
    return judge(case, outcome)


# -- a decoder that leaves one check out -----------------------------------------------------------


def checked_requirements() -> list[str]:
    """Requirements that the second decoder checks by name and annex D gives a bad stream for."""
    text = "".join((HERE / "refdec" / f"{m.__name__.split('.')[-1]}.py").read_text("utf-8")
                   for m in MODULES)
    named = set(re.findall(r"need\(.*?\"([^\"]+)\"\)", text))
    ids = {i for name in named for i in re.findall(r"R-[A-Z]+-\d\d", name)}
    # An order flag of 2 stands for another number of columns: no stream breaks R-LL-02 alone.
    ids -= {"R-LL-02"}
    return sorted(i for i in ids if any(c.startswith("bad/") for c in REQUIREMENTS.get(i, [])))


@pytest.mark.parametrize("requirement", checked_requirements())
def test_a_decoder_without_one_check_fails(requirement, monkeypatch):
    """Leave out the check of one requirement: some case of the suite fails."""
    need = container.need

    def forgetful(condition, name):
        if requirement not in name:
            need(condition, name)

    for module in MODULES:
        if hasattr(module, "need"):
            monkeypatch.setattr(module, "need", forgetful)
    names = [c.split("/")[1] for c in REQUIREMENTS[requirement] if c.startswith("bad/")]
    assert any(verdict(CASES[name]) is not None for name in names)


# -- a decoder wrong in one formula ----------------------------------------------------------------


def _wrong_log2(value):
    return int(256 * np.log2(value))


MISTAKES = {
    "log2 by floating point": ("lossless-odd", tiles, "log2_q8", _wrong_log2),
    "precision rule without rounding": (
        "class-weights", tiles, "rule_bits",
        lambda rule, a, f, lo, hi, extra=0: tiles.clip(
            (rule[0] + (rule[1] * a + rule[2] * f >> 4) + extra) >> 8, lo, hi)),
    "CRC of another polynomial": ("one", container, "crc32c", lambda data: len(data)),
    "quaternion as xyzw": (
        "one", tiles, "_quats", lambda q, b, _f=tiles._quats: np.roll(_f(q, b), -1, axis=1)),
    "positions at the lower end of their cells": (
        "two", tiles, "_means",
        lambda g, cells, r, refinement: np.ldexp(np.array(cells, np.float64), -g)),
    "fixed point rounded, not cut": (
        "lossless-odd", tiles, "fixed", lambda pattern, exponent: 1),
    "frequencies without the rest": (
        "sh-degree-0", symbols, "frequencies",
        lambda w: [1 + x * ((1 << 24) - len(w)) // sum(w) for x in w]),
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
