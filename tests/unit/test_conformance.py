"""The conformance suite with our own decoder, and the judge with decoders that are wrong."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace

import numpy as np
import pytest

from codec.decoder.decode import decode
from codec.errors import BadValue
from codec.io.ply import write_ply
from codec.wire.views import read_views, write_views
from conformance import __main__ as program
from conformance import gen, invalid, restorer_cases, scenes, valid
from conformance.judge import (
    CommandDecoder,
    Outcome,
    OwnDecoder,
    judge,
    load_cases,
    outcome_of,
    run,
    scene_hash,
)
from conformance.reference_decoder import StreamError, conventions, syntax

CASES = {case.name: case for case in load_cases()}
VALID = [c for c in CASES.values() if "error" not in c.expect]
BAD = [c for c in CASES.values() if "error" in c.expect]


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_our_decoder_conforms(case):
    """Every stream of the suite gives the expected arrays or the expected error."""
    assert judge(case, OwnDecoder()(case.stream)) is None


def test_the_suite_is_large_enough_and_small():
    """The cases in the tree are those of the generator, and take little room."""
    assert {c.name for c in VALID} == set(valid.CASES)
    assert {c.name for c in BAD} == set(invalid.CASES)
    assert sum(c.stream.stat().st_size for c in CASES.values()) < 1_100_000


@pytest.mark.parametrize("name", ["sh-degree-2", "cut-after-base", "words-left", "level-unknown"])
def test_a_silent_acceptor_fails_on_bad_streams_only(name):
    """A decoder that never reports an error passes a valid stream and fails a bad one."""
    case = CASES[name]
    accepts = Outcome(sha256=case.expect.get("sha256", "0"),
                      n_gaussians=case.expect.get("n_gaussians", 0),
                      sh_degree=case.expect.get("sh_degree", 0))
    assert (judge(case, accepts) is None) == (case in VALID)


def test_wrong_error_class_fails():
    """Format and unsupported are not the same; neither is a crash."""
    case = CASES["level-unknown"]
    assert judge(case, Outcome(error="unsupported")) is None
    assert judge(case, Outcome(error="unsupported", code="level")) is None
    assert "expected 'level'" in judge(case, Outcome(error="unsupported", code="profile"))
    for wrong in ("format", "limit", "exit code 1", "exit code -11"):
        assert "expected class unsupported" in judge(case, Outcome(error=wrong))


def _nudge(splats, name):
    values = getattr(splats, name).copy()
    values.reshape(-1)[0] = np.nextafter(values.reshape(-1)[0], np.float32(np.inf))
    return replace(splats, **{name: values})


WRONG = {
    "one bit of a mean": lambda s: _nudge(s, "means"),
    "one bit of a scale": lambda s: _nudge(s, "log_scales"),
    "one bit of a quaternion": lambda s: _nudge(s, "quats"),
    "one bit of an opacity": lambda s: _nudge(s, "opacity_logits"),
    "one bit of a DC": lambda s: _nudge(s, "sh0"),
    "one bit of SH": lambda s: _nudge(s, "shN"),
    "another order": lambda s: s.take(np.arange(s.n_gaussians)[::-1]),
    "one Gaussian less": lambda s: s.take(np.arange(s.n_gaussians - 1)),
    "channel-major SH": lambda s: replace(
        s, shN=s.shN.transpose(0, 2, 1).reshape(s.shN.shape).copy()),
    "a lower SH degree": lambda s: s.with_sh_degree(1),
    "normalized quaternions": lambda s: replace(
        s, quats=s.quats / np.linalg.norm(s.quats, axis=1, keepdims=True)),
    "activated opacity": lambda s: replace(
        s, opacity_logits=1 / (1 + np.exp(-s.opacity_logits))),
    "quaternions as xyzw": lambda s: replace(s, quats=np.roll(s.quats, -1, axis=1)),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_decoder_wrong_in_one_thing_fails(mistake):
    """Each single mistake in the arrays is seen."""
    case = CASES["sh-degree-3"]
    splats = decode(case.stream.read_bytes())
    assert judge(case, outcome_of(splats, True)) is None
    assert judge(case, outcome_of(WRONG[mistake](splats), True)) is not None


def test_a_decoder_that_hides_a_cut_fails():
    """A cut stream must be reported as incomplete, a whole one as complete."""
    for name, complete in (("cut-after-base", True), ("sh-degree-2", False)):
        case = CASES[name]
        outcome = replace(OwnDecoder()(case.stream), complete=complete)
        assert "complete" in judge(case, outcome)


def test_extra_columns_are_compared_when_given():
    """Columns may be left out, but not be wrong."""
    case = CASES["extra-columns"]
    outcome = OwnDecoder()(case.stream)
    assert len(outcome.extra) == 8
    assert judge(case, replace(outcome, extra=None)) is None
    assert judge(case, replace(outcome, extra=outcome.extra | {"column_u1": "0"})) is not None


def test_run_names_the_failures():
    """`run` lists exactly the cases that fail."""
    cases = [CASES["one"], CASES["two"]]
    assert run(OwnDecoder(), cases) == {}
    assert set(run(lambda path: OwnDecoder()(CASES["one"].stream), cases)) == {"two"}


# --- decoders as command lines --------------------------------------------------------------


def _command(*words: str) -> CommandDecoder:
    return CommandDecoder(shlex.join([sys.executable, *words]), 60)


def test_splatdec_conforms_as_a_black_box():
    """The command line writes a PLY that hashes the same, and exits with the error's class."""
    decoder = _command("-m", "codec.cli.splatdec", "{in}", "-o", "{out}", "--quiet")
    cases = [CASES[n] for n in ("sh-degree-3", "empty", "cut-after-base", "extra-columns",
                                "header-crc", "profile-unknown")]
    assert run(decoder, cases) == {}


def test_ply_keeps_the_hash(tmp_path):
    """A PLY written and read back hashes like the arrays, in our order of SH."""
    splats = scenes.scene(7, 3)
    write_ply(tmp_path / "a.ply", splats)
    from codec.io.ply import read_ply

    assert scene_hash(read_ply(tmp_path / "a.ply")) == scene_hash(splats)


@pytest.mark.parametrize("script, said", [
    ("raise SystemExit(0)", "no output file"),
    ("raise SystemExit(9)", "exit code 9"),
    ("open(r'{out}', 'w').write('no ply')", "cannot be read"),
    ("import time; time.sleep(30)", "no answer"),
])
def test_broken_commands_are_described(script, said):
    """A decoder that writes nothing, crashes, writes nonsense or hangs fails the case."""
    command = shlex.join([sys.executable, "-c", script])
    outcome = CommandDecoder(command, 2)(CASES["one"].stream)
    assert said in judge(CASES["one"], outcome)


def test_a_missing_command_is_described():
    """A decoder that does not exist fails, it does not crash the judge."""
    outcome = CommandDecoder("no-such-decoder-of-nfx {in} {out}")(CASES["one"].stream)
    assert "does not start" in judge(CASES["one"], outcome)


# --- program and generator ------------------------------------------------------------------


def test_program_exit_codes(capsys):
    """0 when all pass, 1 when one fails, 2 when no case was chosen."""
    assert program.main(["one", "header-crc"]) == 0
    assert "2 of 2 cases pass" in capsys.readouterr().out
    assert program.main(["--decoder", "no-such-decoder-of-nfx {in} {out}", "one"]) == 1
    assert "FAIL" in capsys.readouterr().out
    assert program.main(["no-such-case"]) == 2


def test_generator_writes_cases_that_pass(tmp_path, monkeypatch):
    """A generated folder is a complete suite that our decoder passes."""
    monkeypatch.setattr(valid, "CASES", {k: valid.CASES[k] for k in ("one", "sh-degree-0")})
    monkeypatch.setattr(invalid, "CASES", {k: invalid.CASES[k] for k in ("header-crc",)})
    one = {"small": restorer_cases.CASES["small"]}
    monkeypatch.setattr(restorer_cases, "CASES", one)
    assert gen.generate(tmp_path) == 4
    cases = load_cases(tmp_path)
    assert len(cases) == 3 and run(OwnDecoder(), cases) == {}
    facts = json.loads((tmp_path / "bad" / "header-crc" / "case.json").read_text("utf-8"))
    assert facts["expect"] == {"error": ["format"], "code": "bad-checksum"}


def test_view_rules():
    """VIEW refuses too many views, sizes out of range, and floats without meaning (R-VIEW)."""
    camera = valid._views()[0]
    assert len(read_views(write_views([camera]))) == 1
    broken = [replace(camera, width=0), replace(camera, height=16385), replace(camera, fx=0.0),
              replace(camera, cx=float("nan"))]
    for cameras in [*([bad] for bad in broken), [camera] * 1025]:
        with pytest.raises(BadValue):
            read_views(write_views(cameras))
        with pytest.raises(StreamError, match="R-VIEW-0[123]"):
            syntax.views(conventions.Reader(write_views(cameras)))
