"""The light path: what the command line may import, seen in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "scipy", "numba", "PIL", "gsplat", "matplotlib", "diffusers"}


def modules_after(code: str) -> set[str]:
    """Top-level modules loaded once `code` has run in a fresh interpreter."""
    probe = (
        "import json, sys\n"
        f"try:\n    exec({code!r}, {{'__name__': 'probe'}})\n"
        "except SystemExit as e:\n    assert not e.code, e.code\n"
        "print('\\n' + json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("tool", ["splatenc", "splatdec"])
def test_help_loads_not_even_numpy(tool):
    """`--help` answers at once because it imports click and nothing of weight."""
    loaded = modules_after(f"from codec.cli.{tool} import main; main(['--help'])")
    assert "click" in loaded
    assert not loaded & (HEAVY | {"numpy", "constriction", "zstandard"})


def test_decoding_to_ply_loads_nothing_heavy(nfx, tmp_path):
    """splatdec -o PLY never imports torch, nor anything else that is not a base dependency."""
    args = [str(nfx), "-o", str(tmp_path / "out.ply")]
    loaded = modules_after(f"from codec.cli.splatdec import main; main({args!r})")
    assert "numpy" in loaded and (tmp_path / "out.ply").exists()
    assert not loaded & HEAVY


@pytest.mark.parametrize("flag", ["--info", "--verify"])
def test_looking_at_a_file_loads_nothing_heavy(nfx, flag):
    loaded = modules_after(f"from codec.cli.splatdec import main; main({[str(nfx), flag]!r})")
    assert not loaded & HEAVY


def test_encoding_at_low_effort_loads_nothing_heavy(scene_ply, tmp_path):
    """-e 1 works with the base dependencies alone."""
    args = [str(scene_ply), "-o", str(tmp_path / "out.nfx"), "-e", "1"]
    loaded = modules_after(f"from codec.cli.splatenc import main; main({args!r})")
    assert not loaded & HEAVY


def test_api_import_is_lazy():
    """`import codec` alone loads no NumPy."""
    assert "numpy" not in modules_after("import codec")
