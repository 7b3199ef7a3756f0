"""The API reference: every public name has a docstring and is in it; entries become lists."""

from __future__ import annotations

import importlib
import re

import pytest

import codec
from tools.api_docs import MODULES, as_markdown, public_names, undocumented, write_docs


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_has_a_docstring(name):
    assert undocumented(importlib.import_module(name)) == []


def test_every_public_name_is_in_the_reference(tmp_path):
    """One folder a version, an index that leads to it, and the namespace left as it was."""
    pages = write_docs(tmp_path)
    assert "encode" not in vars(codec)
    assert {page.relative_to(tmp_path).parts[0] for page in pages} == {codec.__version__}
    assert f"{codec.__version__}/codec.html" in (tmp_path / "index.html").read_text("utf-8")
    for name, page in zip(MODULES, pages, strict=True):
        anchors = set(re.findall(r'id="([\w.]+)"', page.read_text("utf-8")))
        assert set(public_names(importlib.import_module(name))) <= anchors, name
    text = pages[0].read_text("utf-8")
    assert re.search('<li><code><a href="#Splats.log_scales">.*</code>: .N, 3. float32', text)
    assert set(codec.__all__) <= set(re.findall(r'id="([\w.]+)"', text))


def test_a_name_without_a_docstring_is_told():
    import types

    class Bare:
        def method(self):
            return 1

    module = types.ModuleType("some")
    module.__all__ = ["Bare"]
    module.Bare = Bare
    assert undocumented(module) == ["some.Bare", "some.Bare.method"]


def test_entries_become_a_list():
    """Two on a line are two; lines go on; a sentence after them stands alone."""
    text = ("Encode a.\n\na: first,\n   and more.   b: second.   progress(stage, note).\n"
            "Raises SceneError.")
    assert as_markdown(text, {"a", "b", "progress"}) == (
        "Encode a.\n\n\n- `a`: first,\n  and more.\n- `b`: second.\n- `progress(stage, note)`\n\n"
        "Raises SceneError.")
