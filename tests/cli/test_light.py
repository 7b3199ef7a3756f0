"""The light path: what the command line may import, seen in a fresh interpreter."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

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


@pytest.mark.parametrize("size", [(), ("--target-size", "2kB")])
def test_the_default_effort_does_without_a_renderer(scene_ply, tmp_path, size):
    """A light install encodes by a plan, also at a low target size, and says what it lacks."""
    out = tmp_path / "out.nfx"
    args = [str(scene_ply), "-o", str(out), *size]
    code = (f"import sys; sys.modules.update(dict.fromkeys({sorted(HEAVY)!r})); "
            f"from codec.cli.splatenc import main; main({args!r})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert out.exists() and "note: steps by the analytic plan, no renderer" in done.stderr
    assert "needs numba: pip install 'nfx[render]'" in done.stderr


def test_every_package_that_codec_imports_is_declared():
    """Each third-party import under codec/ comes with the base install or one of its extras."""
    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name in ("formats", "render", "restore", "eval")
                                          for line in extras[name])]
    declared = {re.match(r"[\w-]+", line)[0].lower().replace("pillow", "pil") for line in wanted}
    declared |= {"llvmlite", "huggingface_hub"}  # parts of numba and of diffusers
    imported = set()
    for path in (root / "codec").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    assert {"numpy", "scipy", "PIL"} <= imported
    third = {name.lower() for name in imported - set(sys.stdlib_module_names) - {"codec"}}
    assert third <= declared, third - declared


def test_api_import_is_lazy():
    """`import codec` alone loads no NumPy."""
    assert "numpy" not in modules_after("import codec")
