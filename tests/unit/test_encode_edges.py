"""Cameras, options and interruptions that an encode rarely meets."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

import codec
from codec.encoder import balance, encode, reopt, search, sparse
from codec.encoder.probe import ViewError
from codec.encoder.search import view_error
from codec.encoder.seen_from import SeenFrom
from codec.errors import BackendError, SceneError, UsageError
from codec.options import EncoderOptions
from codec.rendering import orbit_cameras
from codec.rendering.views import look_at
from tests.conftest import random_scene


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(balance, "MOST_ROUNDS", 2)
    monkeypatch.setattr(sparse, "ITERATIONS", {4: 60, 5: 60})


def turned(camera):
    """The same camera, looking the other way."""
    back = np.diag([-1.0, 1.0, -1.0, 1.0])
    return replace(camera, world_to_camera=back @ camera.world_to_camera, name="b_" + camera.name)


def beside(ball):
    """A camera whose image has the scene just outside: it passes for one that sees."""
    return look_at(np.array([0.0, 0, -20]), np.array([-12.0, 0, 0]), 96, 72, 30.0, "beside")


def encoded(ball, cameras, **options):
    report: dict = {}
    return codec.encode(ball, EncoderOptions(**options), cameras=cameras, report=report), report


def test_cameras_that_see_nothing_are_left_out(ball, cameras):
    """Blind cameras change nothing but the report."""
    plain, _ = encoded(ball, cameras, effort=3)
    mixed, report = encoded(ball, [turned(cameras[0]), *cameras, turned(cameras[3])], effort=3)
    assert plain == mixed and report["cameras_blind"] == 2


def test_only_blind_cameras_are_an_error(ball, cameras):
    with pytest.raises(SceneError, match="see nothing of the scene"):
        encoded(ball, [turned(camera) for camera in cameras], effort=3)
    with pytest.raises(SceneError, match="see nothing of the scene"):
        encoded(ball, [beside(ball)], effort=3)


def test_cameras_that_show_the_scene_are_found_among_many_that_do_not(ball, cameras):
    """The few of a step search may all miss it, though its centres lie just beside them."""
    _, report = encoded(ball, [beside(ball)] * 30 + cameras[:1], effort=3)
    assert report["psnr"] < 100 and "note" not in report


def test_an_empty_view_hides_no_error(ball, cameras):
    """Its error of 0 does not count, neither for steps nor for what is reported."""
    coarse = replace(ball, sh0=0.5 * ball.sh0)
    plain, mixed = ViewError(ball, cameras), ViewError(ball, [beside(ball), *cameras])
    assert mixed.psnr(coarse) == plain.psnr(coarse) and mixed.mse(coarse) == plain.mse(coarse)
    assert plain.sees and not ViewError(ball, [beside(ball)]).sees


def test_an_empty_view_does_not_undo_training(ball, cameras):
    """A target that shows nothing has an infinite PSNR from the start."""
    targets = reopt.rendered_views(ball, [beside(ball), *cameras])
    assert len({id(camera) for camera in targets.cameras}) == len(cameras)
    trainer = reopt.Retrainer(targets, reopt.Reopt(400, 1), False, lambda *a: None)
    dimmed = replace(ball, sh0=0.5 * ball.sh0)
    assert trainer.psnr(trainer.free(dimmed)) > trainer.psnr(dimmed) + 1
    assert trainer.iterations == 60


def test_planned_views_that_see_nothing_leave_the_plan(ball, cameras, monkeypatch):
    """Such as of a scene smaller than the near plane's distance."""
    monkeypatch.setattr(search, "encoder_views",
                        lambda *a: search.EncoderViews([beside(ball)], False))
    report: dict = {}
    assert view_error(ball, None, EncoderOptions(), report) == (None, None)
    assert "no view shows anything" in report["note"]
    with pytest.raises(SceneError, match="nothing to compare"):
        view_error(ball, None, EncoderOptions(target_psnr=40.0), {})


def test_planning_without_scipy_is_a_backend_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.spatial", None)
    with pytest.raises(BackendError, match="scipy: pip install"):
        SeenFrom(random_scene(2_000, 2, 1))


def test_photos_need_cameras(ball, tmp_path):
    with pytest.raises(UsageError, match="photos need the cameras"):
        codec.encode(ball, EncoderOptions(effort=1), photos=tmp_path)


def test_a_size_out_of_reach_is_told_before_training(ball, cameras, monkeypatch):
    def never(*a, **k):
        raise AssertionError("trained")

    monkeypatch.setattr(reopt.Retrainer, "free", never)
    for effort in (3, 4):
        with pytest.raises(SceneError, match="cannot reach 200 bytes") as told:
            encoded(ball, cameras, effort=effort, target_size=200)
        assert told.value.code == "size"


def test_at_most_so_many_gaussians_at_low_targets(ball, cameras):
    """A number above what the size pays for is no obstacle."""
    data, report = encoded(ball, cameras, effort=3, target_size=3000, max_gaussians=1_400)
    assert len(data) <= 3000 and report["n_out"] < 800


def test_default_views_take_their_room(ball, cameras):
    """The Gaussians get what the size leaves beside other boxes."""
    report: dict = {}
    views = cameras * 2
    data = codec.encode(ball, EncoderOptions(effort=1, target_size=2600), default_views=views,
                        report=report)
    assert len(data) <= 2600 and report["n_out"] < 8 * 2600 / sparse.FIRST_BITS - 100


def test_trained_scenes_keep_comments_and_refuse_extras(ball, cameras):
    commented = replace(ball, comments=("made by hand",))
    data, report = encoded(commented, cameras, effort=4, target_size=4000)
    assert report["trained"]["iterations"] > 0 and len(data) <= 4000
    assert codec.decode(data).comments == ("made by hand",)
    labelled = replace(ball, extra={"label": np.zeros(ball.n_gaussians, np.int32)})
    with pytest.raises(UsageError, match="--keep-extra"):
        encoded(labelled, cameras, effort=4, target_size=4000, keep_extra=True)


@pytest.mark.parametrize("wrong", [
    {"target_psnr": float("nan")}, {"target_psnr": float("inf")}, {"target_psnr": -3.0},
    {"seed": -1}, {"seed": 1 << 64}, {"ladder": (2000, 9000), "prune": False}])
def test_values_that_cannot_work_are_refused(wrong):
    with pytest.raises(UsageError):
        EncoderOptions(**wrong)


def test_ctrl_c_while_a_stage_is_measured_stops_the_training(ball, cameras):
    """Before the first step, where only the outer handler is in place."""
    from codec.optimize.loop import interruptible

    calls = []

    def progress(stage, part, text):
        calls.append(part)
        if len(calls) == 1:
            signal.raise_signal(signal.SIGINT)

    with interruptible() as stop:
        trainer = reopt.Retrainer(reopt.rendered_views(ball, cameras), reopt.Reopt(100_000, 1),
                                  False, progress, stop)
        trainer.free(replace(ball, sh0=0.5 * ball.sh0))
    assert trainer.interrupted and trainer.iterations == 0


def better(again) -> tuple[bytes, dict]:
    report = {"psnr": 25.0, "dropped": {"x": 1}}
    return encode._better(b"first", report, again), report


def test_a_second_encode_replaces_the_first_only_where_it_ends_well():
    def of(interrupted, error=None):
        def again(facts):
            facts["trained"], facts["dropped"]["x"] = {"interrupted": interrupted}, 2
            if error:
                raise error
            return b"second"

        return again

    data, report = better(of(False))
    assert data == b"second" and report["dropped"] == {"x": 2} and report["psnr"] == 25.0
    first = (b"first", {"psnr": 25.0, "dropped": {"x": 1}})
    assert better(of(True)) == first
    for error in (KeyboardInterrupt(), MemoryError(), SceneError("too small")):
        assert better(of(False, error)) == first


@pytest.mark.parametrize("budget", [0.0, 0.01])
def test_room_that_no_restorer_needs_is_filled_without_training_anew(ball, cameras, monkeypatch,
                                                                     budget):
    """Only the last part of the training is done again, with finer steps, also out of time."""
    from codec.encoder import restoring

    stages, free = [], reopt.Retrainer.free

    def counted(self, splats, part=0, count=0):
        stages.append(part)
        return free(self, splats, part, count)

    monkeypatch.setattr(reopt.Retrainer, "free", counted)
    monkeypatch.setattr(restoring, "AUTO_PSNR", 99.0)
    monkeypatch.setattr(restoring._Trial, "start", lambda *a: (_ for _ in ()).throw(
        BackendError("not here")))
    data, report = encoded(ball, cameras, effort=4, target_size=4000, restore="auto",
                           time_budget=budget)
    assert (3950 if budget else 3960) <= len(data) <= 4000 and stages == [0, 1]
    assert not report.get("restorer", {"signalled": False})["signalled"]
    assert (report["trained"]["iterations"] > 60) == (not budget)


def test_other_cameras_are_planned_once(ball, monkeypatch):
    """Steps, training and restorers look at the same views."""
    from codec.encoder import planned_views, restoring

    asked = []

    def plan(splats, count, width, height, *rest):
        asked.append(count)
        return orbit_cameras(splats, 4, 96, 72)

    monkeypatch.setattr(planned_views, "plan_views", plan)
    monkeypatch.setattr(restoring, "AUTO_PSNR", 99.0)
    monkeypatch.setattr(restoring._Trial, "start", lambda *a: (_ for _ in ()).throw(
        BackendError("not here")))
    data, report = encoded(ball, None, effort=4, target_size=4000, restore="auto")
    assert len(data) <= 4000 and len(asked) == 1
    assert report["restorer"]["reason"] == "not here"


def test_ctrl_c_while_restoring_keeps_the_stream(ball, cameras, monkeypatch):
    from codec.encoder import restoring

    def interrupted(*a, **k):
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "signal_restorer", interrupted)
    data, report = encoded(ball, cameras, effort=4, target_size=4000, restore="auto")
    assert codec.decode(data).n_gaussians and report["restorer"]["reason"] == "interrupted"


def test_torch_gets_the_threads_asked_for():
    torch = pytest.importorskip("torch")
    from codec.encoder.restoring import torch_threads

    before = torch.get_num_threads()
    with torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    with torch_threads(0):
        assert torch.get_num_threads() == before


def with_extra(scene, **columns):
    return replace(scene, extra={name: np.asarray(values) for name, values in columns.items()})


@pytest.mark.parametrize("mode", ["lossy", "lossless"])
def test_extra_properties_of_any_number_type_come_back(mode):
    """In the smallest type of the stream that holds their values exactly."""
    n = 40
    scene = with_extra(random_scene(n, 0), label=np.arange(n), seen=np.arange(n) % 2 == 0,
                       half=np.arange(n, dtype="f2") / 4, wide=np.arange(n, dtype="u8") + 2**31,
                       huge=np.arange(n) - 2**40, base=np.arange(n, dtype=">i2"))
    options = EncoderOptions(effort=1, mode=mode, keep_extra=True, prune=False)
    back = codec.decode(codec.encode(scene, options))
    assert {name: values.dtype.str[1:] for name, values in back.extra.items()} == {
        "label": "i4", "seen": "u1", "half": "f4", "wide": "u4", "huge": "f8", "base": "i2"}
    order = np.argsort(back.extra["label"])
    for name, values in scene.extra.items():
        np.testing.assert_array_equal(back.extra[name][order], values)


@pytest.mark.parametrize("columns, message", [
    ({f"p{i}": np.zeros(9, "u1") for i in range(256)}, "256 extra properties"),
    ({"odd": np.zeros((9, 2))}, "'odd' is not one number"),
    ({"word": np.array(["a"] * 9)}, "'word' is not one number"),
    ({"far": np.full(9, 2**60)}, "'far' is not one number"),
    ({"\ud800": np.zeros(9)}, "not valid Unicode"),
])
def test_extra_properties_that_no_file_holds_are_refused(columns, message):
    scene = with_extra(random_scene(9, 0), **columns)
    for mode in ("lossy", "lossless"):
        with pytest.raises(SceneError, match=message):
            codec.encode(scene, EncoderOptions(effort=1, mode=mode, keep_extra=True))
        assert not codec.decode(codec.encode(scene, EncoderOptions(effort=1, mode=mode))).extra


@pytest.mark.parametrize("mode", ["lossy", "near-lossless", "lossless"])
def test_extra_properties_that_are_left_out_are_named(mode):
    report: dict = {}
    scene = with_extra(random_scene(9, 0), label=np.zeros(9), nx=np.ones(9, "f4"))
    codec.encode(scene, EncoderOptions(effort=1, mode=mode), report=report)
    assert report["extra_dropped"] == ["label", "nx"]


@pytest.mark.parametrize("change, message", [
    ({"width": 16385}, "16385x72 pixels cannot be stored: a view's size"),
    ({"fx": np.inf}, "not finite"), ({"fy": -1.0}, "focal length"),
    ({"name": "\ud800"}, "not valid Unicode")])
def test_default_views_that_no_file_holds_are_refused(ball, cameras, change, message):
    views = [cameras[0], replace(cameras[1], **change)]
    with pytest.raises(SceneError, match=message):
        codec.encode(ball, EncoderOptions(effort=1), default_views=views)
    with pytest.raises(SceneError, match="1025 default views"):
        codec.encode(ball, EncoderOptions(effort=1), default_views=[cameras[0]] * 1025)


@pytest.mark.parametrize("size", [560, 700, 900, 1100, 1600])
def test_tiny_targets_are_filled_with_gaussians(size):
    """No step is fine enough to fill these with the few that larger targets would take."""
    data = codec.encode(random_scene(2000, 3), EncoderOptions(effort=1, target_size=size))
    assert 0.99 * size <= len(data) <= size


def test_a_target_that_pays_for_more_prunes_less():
    scene, found = random_scene(2000, 0), {}
    for size in (16_500, 1_000_000):
        report: dict = {}
        codec.encode(scene, EncoderOptions(effort=1, target_size=size), report=report)
        found[size] = report["n_out"]
    assert found[16_500] <= 1900 < 1990 <= found[1_000_000]
