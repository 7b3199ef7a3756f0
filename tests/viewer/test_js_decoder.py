"""The JavaScript decoder gives what the conformance suite expects: under Node and in a browser."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from conformance.judge import Outcome, judge, load_cases
from tools import differential

from .conftest import ROOT

VIEWER = ROOT / "tools/viewer"


def problems_of(cases, outcomes: dict[str, dict]) -> dict[str, str]:
    """Problems by case name; outcomes by the case's path inside the repository."""
    found = {c.name: judge(c, Outcome(**outcomes[c.stream.relative_to(ROOT).as_posix()]))
             for c in cases}
    return {name: problem for name, problem in found.items() if problem}


@pytest.mark.parametrize("way", ["whole", "progressive"])
def test_every_case_under_node(node, way):
    """Same hashes, same error classes, in one go and layer by layer."""
    cases = load_cases()
    names = [c.stream.relative_to(ROOT).as_posix() for c in cases]
    done = subprocess.run([node, str(VIEWER / "conform.mjs"), way, *names], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert problems_of(cases, json.loads(done.stdout)) == {}


@pytest.mark.parametrize("way", ["whole", "worker"])
def test_every_case_in_chromium(page, repository_url, way):
    """The same in a real browser, in the page and in a Worker."""
    cases = load_cases()
    page.open(f"{repository_url}/bitstream_spec/")
    names = [c.stream.relative_to(ROOT).as_posix() for c in cases]
    outcomes = page.evaluate(f"""(async () => {{
        const {{ outcome }} = await import("/tools/viewer/conform.mjs");
        const found = {{}};
        for (const name of {json.dumps(names)}) {{
            const bytes = await (await fetch("/" + name)).arrayBuffer();
            found[name] = await outcome(bytes, "{way}");
        }}
        return found;
    }})()""")
    assert problems_of(cases, outcomes) == {}


def test_the_command_line_is_a_decoder_of_the_suite(node, tmp_path):
    """nfxdec.mjs speaks in files and exit codes, as README of conformance/ asks."""
    words = f"{node} {VIEWER / 'nfxdec.mjs'} {{in}} {{out}}"
    some = ["sh-degree-3", "lossless-odd", "cut-in-payload", "extra-length", "version-major",
            "count-over-limit"]
    done = subprocess.run([sys.executable, "-m", "conformance", "--decoder", words, *some],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_decoder_is_one_module_without_dependencies():
    """No import in it: it can be copied beside any page."""
    text = (VIEWER / "nfx.js").read_text("utf-8")
    assert not [line for line in text.splitlines() if line.startswith("import ")]
    assert "require(" not in text and "await import(" not in text


def test_mutated_and_random_streams_under_node(node):
    """Same arrays or the same error class as codec (many more: tools.differential)."""
    decoder = differential.JavaScript()
    try:
        for kind, data in differential.streams(300, seed=5):
            if not differential.too_large(data):
                assert decoder.verdict(data) == differential.verdict_of_fields(data), kind
    finally:
        decoder.close()
