"""PLY as users really have it."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.errors import SceneError, UsageError
from codec.io.ply import ply_bytes, read_ply, write_ply
from codec.io.report import ReadReport
from codec.scene import Splats
from tests.conftest import shared_data

FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
PLY_NUMPY = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint16": "u2", "float32": "f4", "float64": "f8",
}  # fmt: skip


def make(n: int = 7, degree: int = 3, seed: int = 0, **kwargs) -> Splats:
    rng = np.random.default_rng(seed)
    k = (degree + 1) ** 2 - 1
    shapes = ((n, 3), (n, 3), (n, 4), (n,), (n, 3), (n, k, 3))
    return Splats(*(rng.standard_normal(s).astype(np.float32) for s in shapes), **kwargs)


def assert_same(a: Splats, b: Splats) -> None:
    for name in FIELDS:
        x, y = getattr(a, name), getattr(b, name)
        assert x.dtype == y.dtype == np.float32
        assert x.flags.c_contiguous and y.flags.c_contiguous
        np.testing.assert_array_equal(x, y, err_msg=name)


def columns_of(splats: Splats) -> dict[str, np.ndarray]:
    """What graphdeco's own writer stores, column by column, written out independently."""
    out = {name: splats.means[:, i] for i, name in enumerate("xyz")}
    out |= {f"f_dc_{i}": splats.sh0[:, i] for i in range(3)}
    k = splats.shN.shape[1]
    for channel in range(3):
        for j in range(k):
            out[f"f_rest_{channel * k + j}"] = splats.shN[:, j, channel]
    out["opacity"] = splats.opacity_logits
    out |= {f"scale_{i}": splats.log_scales[:, i] for i in range(3)}
    return out | {f"rot_{i}": splats.quats[:, i] for i in range(4)}


def encode(
    columns: dict[str, np.ndarray],
    types: dict[str, str] | None = None,
    order: str = "binary_little_endian",
    eol: str = "\n",
    before: str = "",
    head: bytes = b"",
    after: str = "",
    tail: bytes = b"",
) -> bytes:
    """A PLY made the slow way, value by value."""
    types = types or {}
    n = len(next(iter(columns.values())))
    lines = ["ply", f"format {order} 1.0", *before.splitlines(), f"element vertex {n}"]
    lines += [f"property {types.get(name, 'float')} {name}" for name in columns]
    lines += [*after.splitlines(), "end_header", ""]
    out = [eol.join(lines).encode(), head]
    for i in range(n):
        if order == "ascii":
            row = []
            for name, values in columns.items():
                kind = PLY_NUMPY[types.get(name, "float")]
                row.append(repr(values.astype(kind)[i].item()))
            out.append((" ".join(row) + eol).encode())
            continue
        mark = "<" if order == "binary_little_endian" else ">"
        for name, values in columns.items():
            dtype = mark + PLY_NUMPY[types.get(name, "float")]
            out.append(values[i : i + 1].astype(dtype).tobytes())
    return b"".join([*out, tail])


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [0, 1, 5000])
def test_round_trip(tmp_path, n, degree):
    scene = make(n, degree)
    write_ply(tmp_path / "a.ply", scene)
    assert_same(read_ply(tmp_path / "a.ply"), scene)
    assert (tmp_path / "a.ply").read_bytes() == ply_bytes(scene)


def test_writer_matches_the_graphdeco_layout():
    scene = make(3)
    columns = columns_of(scene)
    zero = np.zeros(3, np.float32)
    names = ["x", "y", "z", "nx", "ny", "nz"]
    names += [name for name in columns if name not in names]
    expected = encode({name: columns.get(name, zero) for name in names})
    assert ply_bytes(scene) == expected
    assert read_ply(expected).extra == {}


@pytest.mark.parametrize("order", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_formats_and_line_ends(order, eol):
    scene = make(4, 2)
    report = ReadReport()
    assert_same(read_ply(encode(columns_of(scene), order=order, eol=eol), report=report), scene)
    assert report.source_format == f"ply {order}"


def test_binary_data_that_begins_with_line_ends():
    scene = make(2, 0)
    first = np.frombuffer(b"\n\r\n\r", "<f4")[0]
    scene.means[0, 0] = first
    assert_same(read_ply(encode(columns_of(scene), eol="\r\n")), scene)
    assert_same(read_ply(encode(columns_of(scene))), scene)


def test_ascii_holds_nan_and_infinity():
    scene = make(3, 0)
    scene.opacity_logits[:] = [np.inf, -np.inf, np.nan]
    assert_same(read_ply(encode(columns_of(scene), order="ascii")), scene)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_property_order_type_and_byte_order(data):
    """Small integers are exact in every PLY type, so the types may be drawn freely."""
    degree = data.draw(st.integers(0, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    shape = make(3, degree)
    ints = {name: rng.integers(0, 100, 3).astype("f4") for name in columns_of(shape)}
    extra = data.draw(st.lists(st.sampled_from(["id", "label", "nx", "weight"]), unique=True))
    columns = ints | {name: rng.integers(1, 100, 3).astype("f4") for name in extra}
    names = data.draw(st.permutations(list(columns)))
    kinds = st.sampled_from(sorted(PLY_NUMPY))
    types = {name: data.draw(kinds) for name in names}
    order = data.draw(st.sampled_from(["ascii", "binary_little_endian", "binary_big_endian"]))
    report = ReadReport()
    scene = read_ply(encode({n: columns[n] for n in names}, types, order), report=report)
    for name, values in columns_of(scene).items():
        np.testing.assert_array_equal(values, columns[name], err_msg=name)
    assert set(scene.extra) == set(extra) == set(report.extra)
    for name in extra:
        assert scene.extra[name].dtype == PLY_NUMPY[types[name]]
        np.testing.assert_array_equal(scene.extra[name], columns[name])


def test_extra_properties_are_named_kept_and_written_back(tmp_path):
    ids = np.array([1, -5, 2**30], np.int32)
    extra = {"object_id": ids, "seen": np.array([True, False, True]), "big": ids.astype(np.int64)}
    scene = make(3, 1, extra=extra)
    report = ReadReport()
    back = read_ply(ply_bytes(scene), report=report)
    assert_same(back, scene)
    assert report.lines() == ["extra properties kept: object_id, seen, big"]
    assert back.extra["object_id"].dtype == np.int32
    for name in extra:
        np.testing.assert_array_equal(back.extra[name], extra[name])
    assert read_ply(ply_bytes(scene, extra=False)).extra == {}


@pytest.mark.parametrize("name, written", [
    ("two words", "two_words"), ("x", "x_"), ("", "_"), ("f_rest_3", "f_rest_3_"),
    ("caf\u00e9", "caf\\xe9"), ("\ud800", "\\ud800"), ("taken words", "taken_words_")])
def test_extra_properties_ply_cannot_name_get_names_it_can(name, written):
    extra = {name: np.arange(3, dtype="f4"), "taken_words": np.ones(3, "f4")}
    with pytest.warns(UserWarning, match="PLY cannot name"):
        data = ply_bytes(make(3, 0, extra=extra))
    back = read_ply(data)
    assert list(back.extra) == [written, "taken_words"]
    np.testing.assert_array_equal(back.extra[written], [0, 1, 2])


def test_an_extra_property_may_be_named_as_anything_plain():
    scene = make(3, 0, extra={"base": np.arange(3, dtype="i4")})
    assert list(read_ply(ply_bytes(scene)).extra) == ["base"]


def test_normals_that_mean_something_survive():
    scene = make(3, 0)
    columns = columns_of(scene) | {"nx": np.array([1, 2, 3], "f4"), "ny": np.zeros(3, "f4")}
    first = read_ply(encode(columns))
    again = read_ply(ply_bytes(first))
    assert list(again.extra) == ["nx"]
    np.testing.assert_array_equal(again.extra["nx"], [1, 2, 3])
    assert_same(again, scene)
    assert read_ply(ply_bytes(scene, normals=False)).extra == {}
    assert b"nx" not in ply_bytes(scene, normals=False)


def test_doubles_are_narrowed_and_told():
    report = ReadReport()
    scene = make(3, 0)
    columns = columns_of(scene) | {"x": np.array([1e300, 0.1, 123456.78])}
    back = read_ply(encode(columns, {"x": "double"}), report=report)
    np.testing.assert_array_equal(back.means[:, 0], np.float32([np.inf, 0.1, 123456.78]))
    assert any("narrowed" in line for line in report.lines())


@pytest.mark.parametrize("order", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_other_elements_and_lists_are_skipped(order):
    scene = make(3, 1)
    faces = [[1, 2, 3], [], [7, 8]]
    mark = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}[order]
    if order == "ascii":
        head = b"".join(f"{len(f)} {' '.join(map(str, f))} 5\n".encode() for f in faces) + b"9 9\n"
        tail = b"1 2 3\n"
    else:
        head = b"".join(struct.pack(f"{mark}B{len(f)}iB", len(f), *f, 5) for f in faces)
        head += struct.pack(f"{mark}hd", 9, 9)
        tail = b"whatever"
    before = "element face 3\nproperty list uchar int vertex_indices\nproperty uchar flag\n"
    before += "element camera 1\nproperty short a\nproperty double b"
    after = "element more 4\nproperty float a"
    report = ReadReport()
    data = encode(columns_of(scene), order=order, before=before, head=head, after=after, tail=tail)
    assert_same(read_ply(data, report=report), scene)
    assert report.notes == [
        "PLY element 'face' (3 rows) skipped",
        "PLY element 'camera' (1 rows) skipped",
        "PLY element 'more' (4 rows) skipped",
    ]


def test_a_list_inside_vertex_is_skipped():
    scene = make(2, 0)
    columns = columns_of(scene)
    lines = ["ply", "format binary_little_endian 1.0", "element vertex 2", "property float x"]
    lines += ["property list ushort short tags"]
    lines += [f"property float {name}" for name in columns if name != "x"] + ["end_header", ""]
    body = b""
    for i, tags in enumerate(([5], [])):
        body += struct.pack(f"<fH{len(tags)}h", columns["x"][i], len(tags), *tags)
        body += b"".join(struct.pack("<f", v[i]) for name, v in columns.items() if name != "x")
    report = ReadReport()
    data = "\n".join(lines).encode() + body
    assert_same(read_ply(data, report=report), scene)
    assert report.notes == ["list property 'tags' skipped"]
    with pytest.raises(SceneError, match="cut"):
        read_ply(data[:-1])


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("SplatRenderMode: mip", True),
        ("splatrendermode: MIP", True),
        ("SplatRenderMode: default", False),
        ("antialiased 1", True),
        ("antialiased 0", False),
        ("train_flags exposure antialiasing", True),
        ("not antialiased 1", False),
        ("trained with mip-nerf data", False),
    ],
)
def test_antialias_comments(comment, expected):
    scene = make(1, 0, comments=("made by hand", comment))
    data = encode(columns_of(scene), before=f"comment made by hand\ncomment {comment}")
    back = read_ply(data)
    assert back.antialiased is expected
    assert back.comments == ("made by hand", comment)
    again = read_ply(ply_bytes(back))
    assert again.antialiased is expected
    assert again.comments[:2] == back.comments
    assert (b"splatrendermode: mip" in ply_bytes(back).lower()) is expected


def test_the_last_antialias_comment_counts_and_the_flag_wins_on_writing():
    scene = make(1, 0, comments=("SplatRenderMode: default", "antialiased 0"), antialiased=True)
    back = read_ply(ply_bytes(scene))
    assert back.antialiased and back.comments == ("SplatRenderMode: mip",)
    data = encode(columns_of(scene), before="comment antialiased 1\ncomment antialiased 0")
    assert read_ply(data).antialiased is False


def test_comments_cannot_break_the_header():
    scene = make(1, 0, comments=("a\nend_header\nb", "caf\u00e9", ""))
    data = ply_bytes(scene)
    assert_same(read_ply(data), scene)
    data[: data.index(b"end_header\n")].decode("ascii")
    utf8 = encode(columns_of(scene), before="comment caf\u00e9")
    assert read_ply(utf8).comments == ("caf\u00e9",)
    assert read_ply(utf8.replace("\u00e9".encode(), b"\xe9")).comments == ("caf\u00e9",)


def replace_line(old: str, new: str) -> bytes:
    data = encode(columns_of(make(3, 1)))
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not begin"),
        (b"plywood\n", "does not begin"),
        (b"ply\nformat ascii 1.0\nelement vertex 1\n", "no line 'end_header'"),
        (replace_line("format binary_little_endian 1.0\n", ""), "no 'format' line"),
        (replace_line("format binary_little_endian", "format binary_middle_endian"), "cannot read"),
        (replace_line("element vertex 3", "element vertex -3"), "cannot read"),
        (replace_line("element vertex 3", "element vertex 1e9"), "cannot read"),
        (replace_line("element vertex 3", "element vertex " + "9" * 18), "is cut"),
        (replace_line("element vertex 3", "element vertex " + "9" * 5000), "cannot read"),
        (replace_line("element vertex 3", "element vertex 4"), "is cut"),
        (replace_line("element vertex", "element point"), "no element 'vertex'"),
        (replace_line("property float x", "property quad x"), "cannot read"),
        (replace_line("property float x", "property list float int x"), "cannot read"),
        (replace_line("property float y", "property float x"), "two properties named 'x'"),
        (replace_line("property float scale_2", "property float depth"), "2D Gaussians"),
        (replace_line("property float rot_3", "property float depth"), "vertex lacks rot_3"),
        (replace_line("property float f_rest_8", "property float r"), "8 f_rest properties"),
        (replace_line("property float f_rest_8", "property float f_rest_9"), "not numbered"),
        (encode(columns_of(make(3, 1)))[:-1], "is cut"),
        (encode(columns_of(make(3, 1)), order="ascii")[:-40], "is cut"),
        (encode(columns_of(make(3, 1)), order="ascii")[:-40] + b"what?\n", "not a number"),
        (encode({name: np.zeros(2, "f4") for name in "xyz"}), "vertex lacks f_dc_0.* and 7 more"),
    ],
)
def test_broken_files_say_what_is_wrong_in_one_line(data, message):
    with pytest.raises(SceneError, match=message) as caught:
        read_ply(data)
    assert "\n" not in str(caught.value)


def test_every_truncation_is_an_error():
    data = ply_bytes(make(2, 1))
    for size in range(len(data)):
        with pytest.raises(SceneError):
            read_ply(data[:size])


def test_negative_and_huge_lists_are_errors():
    scene = columns_of(make(1, 0))
    before = "element face 1\nproperty list char int vertex_indices"
    for head in (b"\xff", b"\x7f"):
        with pytest.raises(SceneError, match="negative length|cut"):
            read_ply(encode(scene, before=before, head=head))
    with pytest.raises(SceneError, match="cut"):
        read_ply(encode(scene, order="ascii", before=before, head=b"nan\n"))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(SceneError, match=r"cannot read .*none\.ply: No such file"):
        read_ply(tmp_path / "none.ply")
    with pytest.raises(SceneError, match="is a folder"):
        read_ply(tmp_path)


def test_existing_output_is_refused(tmp_path):
    path = tmp_path / "a.ply"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="--overwrite"):
        write_ply(path, make(1))
    assert path.read_bytes() == b"mine"
    write_ply(path, make(1), overwrite=True)
    assert_same(read_ply(path), make(1))


@pytest.mark.parametrize(
    ("name", "count", "degree"),
    [("biker", 152746, 0), ("playbot", 31000, 2), ("sculpt", 4560, 3), ("trained7k", 9080, 3)],
)
def test_real_files(name, count, degree):
    path = shared_data(f"data/ply/{name}.ply")
    report = ReadReport()
    scene = read_ply(path, report=report)
    assert (scene.n_gaussians, scene.sh_degree) == (count, degree)
    assert report.extra == (["object_id"] if name == "sculpt" else [])
    assert_same(read_ply(ply_bytes(scene)), scene)
    if name in ("sculpt", "trained7k"):  # written by graphdeco-style code: same bytes again
        assert ply_bytes(scene) == path.read_bytes()
