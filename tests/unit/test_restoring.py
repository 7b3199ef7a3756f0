"""The encoder's side of restoring: when it is signalled, what it costs, mLoRA's training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import codec
from codec.core.mlra import read_maps, write_maps
from codec.decoder.restorer import read_signalled
from codec.encoder import adapt, restoring
from codec.encoder.container import add_boxes
from codec.encoder.plan_restoring import plan_restoring
from codec.encoder.restoring import Pictures, choose_strength, with_detail
from codec.errors import BackendError, UsageError
from codec.restore import mlora, perceptual, schedule
from codec.restore.diffusion import UNetRestorer
from codec.restore.gfix import gfix_params
from codec.restore.perceptual import TEXTURE_NAME, Judge, find_judge
from codec.restore.small_backend import SmallBackend, fidelity_condition
from codec.restore.weights import WeightStore
from codec.wire.boxes import Box
from codec.wire.restorer import RestorerParams
from conformance import restorer_cases, surgery
from tests.conftest import random_scene
from tests.unit import restore_nets as nets
from tests.unit.restore_nets import one_thread  # noqa: F401

pytest.importorskip("numba")
STAND_IN = Judge(TEXTURE_NAME)
FAST = codec.EncoderOptions(effort=1, prune=False)


def ball(n=300):
    """A ball of visible Gaussians about the origin."""
    splats = random_scene(n, 0)
    return replace(splats, means=0.4 * splats.means, log_scales=splats.log_scales + 1.5)


def views(count=7):
    from codec.rendering import orbit_cameras

    return orbit_cameras(ball(), count, 96, 64)


# --- what is planned ------------------------------------------------------------------------------


def test_nothing_is_planned_where_nothing_is_asked_or_rendered(weights):
    """Off, low effort and lossless plan nothing; auto without weights neither."""
    folder = str(weights)
    for options in (FAST, replace(FAST, restore="auto", weights=folder),
                    replace(FAST, effort=5, mode="lossless", restore="auto", weights=folder),
                    replace(FAST, effort=5, restore="auto", weights=str(weights / "none"))):
        if options.weights != str(weights / "none") or not _packaged():
            assert plan_restoring(options, 100) is None
    assert plan_restoring(replace(FAST, effort=5, restore="auto", weights=folder), 100)


def _packaged() -> bool:
    from codec.restore.weights import PACKAGE

    return any(PACKAGE.glob("nfx-small*.safetensors"))


def test_what_is_asked_for_must_be_there(tmp_path, monkeypatch):
    """A kind without weights is an error that names them; auto is silent."""
    monkeypatch.delenv("NFX_WEIGHTS", raising=False)
    for kind in ("nifi", "gausspainter", "gfix", "img2img"):
        with pytest.raises(BackendError, match="missing"):
            plan_restoring(replace(FAST, restore=kind, weights=str(tmp_path)), 100)
    with pytest.raises(UsageError):
        replace(FAST, mode="lossless", restore="on")


def test_a_target_size_keeps_room_for_the_boxes(weights):
    """Sparse targets under auto, and any under on, are lowered by what REST and MLRA take."""
    given = replace(FAST, effort=5, target_size=1000, restore="auto", weights=str(weights))
    plan = plan_restoring(given, 100_000)
    size = len(restoring.write_restorer(plan.settings)) + 16
    assert plan.coding_options(given).target_size == 1000 - size
    assert plan_restoring(given, 100).coding_options(given).target_size == 1000
    adapted = replace(given, adapt="gfix")
    assert plan_restoring(adapted, 100).coding_options(adapted).target_size == 1000 - size - 112
    larger = replace(given, target_size=10_000)
    plan = plan_restoring(larger, 100_000)
    assert plan.adapts and plan.coding_options(larger).target_size == 9500 - size - 16
    for other in (replace(larger, adapt="off"), replace(larger, effort=4), given,
                  replace(larger, target_size=None)):
        assert not plan_restoring(other, 100_000).adapts


def test_room_that_no_restorer_needs_goes_to_the_splats(weights):
    """A restorer that does not help leaves no gap below the target size."""
    options = replace(FAST, effort=3, prune=True, target_size=1900, restore="auto",
                      weights=str(weights), device="cpu")
    report = {}
    data = codec.encode(ball(1200), options, cameras=views(4), report=report)
    assert not report["restorer"]["signalled"] and report["restorer"]["reason"]
    plain = codec.encode(ball(1200), replace(options, restore="off"), cameras=views(4))
    assert data == plain


def test_maps_smaller_than_their_room_are_kept(weights, monkeypatch):
    """A file that its maps leave short of the target is not encoded again without them."""
    monkeypatch.setattr(adapt, "PAYS_PER_DOUBLING", -1.0)
    monkeypatch.setattr(adapt, "RATES", adapt.RATES | {"maps": 0.5})
    monkeypatch.setattr("codec.encoder.sparse.LANDING", 0.0)
    options = replace(FAST, effort=3, prune=True, target_size=2200, restore="on", adapt="gfix",
                      adapt_iterations=4, weights=str(weights), device="cpu")
    report = {}
    data = codec.encode(ball(1200), options, cameras=views(8), report=report)
    assert len(data) < 2200 and report["restorer"]["map_bytes"] > 0
    assert read_signalled(data).maps


def test_settings_follow_the_weight_file(weights):
    """Level, mask, padding and hash are those of the network found."""
    from codec.restore.weights import safetensors_digest

    plan = plan_restoring(replace(FAST, restore="on", weights=str(weights)), 10)
    p = plan.settings
    assert p.backbone.sha256 == safetensors_digest([weights / "nfx-small.safetensors"])
    assert abs(p.level / (1 << 24) - 0.3) < 1e-6 and p.network_time == 300 * 64
    assert (p.mask, p.pad, p.noise_mode, p.prediction) == (2, 16, 2, schedule.X0)


# --- streams --------------------------------------------------------------------------------------


def test_added_boxes_change_nothing_else():
    """A stream with boxes added is the one the surgeon joins; the scene is the same."""
    data = codec.encode(ball(), FAST)
    rest = restorer_cases.write_restorer(restorer_cases.SMALL)
    added = add_boxes(data, [Box(b"REST", rest)])
    assert added == restorer_cases.with_boxes(rest, data=data)
    assert np.array_equal(codec.decode(added).means, codec.decode(data).means)
    assert len(surgery.take_apart(added)[1]) == len(surgery.take_apart(data)[1]) + 1


def test_on_signals_and_reports(weights):
    """On: REST is there with fidelity and strength measured; the report holds both sides."""
    report = {}
    options = replace(FAST, restore="on", weights=str(weights), device="cpu")
    data = codec.encode(ball(), options, cameras=views(), report=report)
    plain = codec.encode(ball(), FAST, cameras=views())
    found, facts = read_signalled(data), report["restorer"]
    assert found.params.condition > 4 and not found.maps
    assert facts["signalled"] and facts["views"] == 6 and facts["judge"] == STAND_IN.name
    assert facts["distance_plain"] > 0 and "psnr_restored" in facts
    assert facts["bytes"] == len(data) - len(plain)
    assert report["bytes"] == len(data)
    assert codec.encode(ball(), options, cameras=views()) == data


def tried(weights, **known) -> tuple[bytes, bytes, dict]:
    """(plain stream, what auto makes of it, its report); known: in the report before."""
    options = replace(FAST, effort=3, restore="auto", weights=str(weights), device="cpu")
    data, report = codec.encode(ball(), FAST), dict(known)
    plan = plan_restoring(options, 300)
    out = restoring.signal_restorer(data, plan, ball(), options, (views(), None),
                                    lambda *given: None, report)
    return data, out, report["restorer"]


def test_auto_leaves_a_harmful_restorer_out(weights):
    """A network that only adds noise is measured, reported and not signalled."""
    data, out, facts = tried(weights)
    assert out == data and not facts["signalled"]
    assert facts["reason"] and facts["distance_restored"] > 0


def test_auto_signals_what_helps(weights, monkeypatch):
    """When restored pictures are nearer to their targets, REST is written."""
    monkeypatch.setattr(restoring, "restored_images", lambda restorer, shown: shown.target)
    _, out, facts = tried(weights, psnr=20.0)
    assert read_signalled(out).params.strength == 255
    assert facts["distance_restored"] < 0.01


def test_the_fidelity_that_serves_best_is_told(weights, monkeypatch):
    """Where the network does better when told of a worse picture, that is what is signalled."""
    told = []

    def restored(restorer, shown):
        told.append(restorer.params.condition)
        return shown.target if told[-1] < told[0] else shown.rgb

    monkeypatch.setattr(restoring, "restored_images", restored)
    _, out, facts = tried(weights, psnr=20.0)
    assert told == 2 * [told[0], told[0] - 12]  # with and without the mask
    assert read_signalled(out).params.condition == facts["condition"] == told[1]


def test_near_the_input_nothing_is_tried(weights, monkeypatch):
    """Renders within 36 dB of the input's need no restorer, and no time is spent on one."""
    monkeypatch.setattr(restoring._Trial, "start", None)
    data, out, facts = tried(weights, psnr=40.0)
    assert out == data and "within" in facts["reason"]


def test_auto_survives_what_is_missing(weights, monkeypatch):
    """A device or network that fails leaves the stream as it was; the report says why."""
    def failing(*given, **more):
        raise BackendError("no such thing")

    monkeypatch.setattr(restoring._Trial, "start", failing)
    data, out, facts = tried(weights)
    assert out == data and facts["reason"] == "no such thing"


# --- the decision ---------------------------------------------------------------------------------


def textured(count=2, size=48, seed=0):
    """(sharp, blurred) pictures."""
    rng = np.random.default_rng(seed)
    sharp = np.clip(0.5 + 0.15 * rng.normal(size=(count, size, size, 3)), 0, 1)
    blurred = sum(np.roll(sharp, (i, j), (1, 2)) for i in range(3) for j in range(3)) / 9
    return sharp.astype(np.float32), blurred.astype(np.float32)


def pictures_of(shown, target) -> Pictures:
    return Pictures(list(shown), [np.ones(x.shape[:2], np.float32) for x in shown], list(target))


def as_renders(shown: Pictures) -> Pictures:
    """The same, whose targets are renders that fill their views."""
    return replace(shown, target_alpha=shown.alpha)


def test_the_stand_in_sees_blur_and_noise():
    """Nearer pictures score lower: the same, slightly blurred, much blurred, noisy."""
    sharp, blurred = textured()
    half = 0.5 * (sharp + blurred)
    scores = [STAND_IN.score(x[0], sharp[0]) for x in (sharp, half, blurred)]
    assert scores[0] < 0.01 < scores[1] < scores[2]
    flat = np.full_like(sharp[0], 0.5)
    noisy = flat + 0.05 * np.random.default_rng(1).normal(size=flat.shape).astype(np.float32)
    assert STAND_IN.score(noisy, flat) > 1


def test_strength_is_chosen_and_fidelity_guarded():
    """Perfect restoration: full strength. A wrong scene: refused. Noise: refused."""
    sharp, blurred = textured()
    shown = pictures_of(blurred, sharp)
    perfect = choose_strength(shown, list(sharp), STAND_IN)
    assert perfect.helps and perfect.strength == 255 and perfect.restored < 0.01
    other = textured(seed=5)[0]
    wrong = choose_strength(shown, list(other), STAND_IN)
    assert not wrong.helps and "farther" in wrong.reason
    nothing = choose_strength(shown, list(blurred), STAND_IN)
    assert not nothing.helps and "nearer" in nothing.reason


def test_overdone_sharpening_is_mixed_down():
    """Where half of a correction is right, about half of it is signalled."""
    sharp, blurred = textured()
    verdict = choose_strength(pictures_of(blurred, sharp), list(2 * sharp - blurred), STAND_IN)
    assert verdict.helps and verdict.strength in (102, 153)


def test_strength_is_chosen_towards_what_is_wanted():
    """Targets guard and decide, the pictures wanted say how strong."""
    sharp, blurred = textured()
    shown, images = as_renders(pictures_of(blurred, sharp)), list(2 * sharp - blurred)
    half = choose_strength(shown, images, STAND_IN)
    whole = choose_strength(replace(shown, detailed=images), images, STAND_IN)
    assert half.strength <= 153 and whole.strength > half.strength
    assert whole.wanted < half.wanted or whole.strength == 255
    assert whole.restored == pytest.approx(np.mean(
        [STAND_IN.score(np.clip(a + whole.strength / 255 * (b - a), 0, 1), c)
         for a, b, c in zip(blurred, images, sharp, strict=True)]), rel=1e-3)


def test_towards_renders_the_stronger_of_near_ties_counts(monkeypatch):
    """Within the margin of the least distance more restoring is signalled."""
    sharp, blurred = textured()
    shown, images = as_renders(pictures_of(blurred, sharp)), list(2 * sharp - blurred)
    monkeypatch.setattr(restoring, "SOFT_TIE", 0.0)
    nearest = choose_strength(shown, images, STAND_IN)
    monkeypatch.setattr(restoring, "SOFT_TIE", 0.8)
    stronger = choose_strength(shown, images, STAND_IN)
    assert stronger.strength > nearest.strength
    assert nearest.wanted < stronger.wanted <= nearest.wanted + 0.8 * nearest.plain


class Sharpener:
    """Adds the same grain to every picture, more of it the less faithful it is told to be."""

    def __init__(self, params=None):
        self.params, self.told = params or PARAMS, []

    def restore(self, rgb, alpha, views):
        self.told.append((self.params.condition, self.params.mask))
        grain = np.random.default_rng(views[0]).normal(0, 0.05, rgb.shape)
        return np.clip(rgb + grain, 0, 1).astype(np.float32)


def test_renders_gain_detail_before_they_are_aimed_at():
    """Half of what the network adds, at the fidelity of a good scene; photos are left alone."""
    sharp, blurred = textured()
    shown, restorer = as_renders(pictures_of(blurred, sharp)), Sharpener()
    before = restorer.params
    found = with_detail(shown, restorer)
    assert restorer.params == before and set(restorer.told) == {(fidelity_condition(26.0), 0)}
    for i, (wanted, target) in enumerate(zip(found.wanted, shown.target, strict=True)):
        full = restorer.restore(target[None], None, [i])[0]
        assert np.abs(wanted - (target + full) / 2).max() < 1e-6
    assert found.target == shown.target and found.only([1]).wanted[0] is found.wanted[1]
    assert "detail" in found.only([1]).kind and "detail" not in shown.kind
    photos = pictures_of(blurred, sharp)
    assert with_detail(photos, restorer) is photos and photos.kind == "photos"


class Masked(Sharpener):
    """Right with one way of mask guidance, noise with the other."""

    def __init__(self, right, target):
        super().__init__(replace(PARAMS, condition=90))
        self.right, self.target = right, target

    def restore(self, rgb, alpha, views):
        found = self.target[views[0]][None]
        return found if self.params.mask == self.right else super().restore(found, alpha, views)


@pytest.mark.parametrize("right", [0, 2])
def test_mask_guidance_is_tried_with_and_without(right):
    """The encoder signals whichever brings views nearer; other kinds keep theirs."""
    sharp, blurred = textured()
    shown, restorer = pictures_of(blurred, sharp), Masked(right, sharp)
    trial = restoring._Trial(shown, restorer.params, STAND_IN, restorer, [0, 1])
    assert trial.choose_condition(shown).restored < 0.01
    assert trial.settings.mask == restorer.params.mask == right
    trial.settings = gfix_params(nets.MODEL, nets.MODEL, 1)
    assert {p.mask for p in trial._conditions()} == {trial.settings.mask}


def test_cut_outs_and_other_kinds_aim_at_plain_renders():
    sharp, blurred = textured()
    shown = as_renders(pictures_of(blurred, sharp))
    holes = replace(shown, target_alpha=[np.zeros_like(a) for a in shown.alpha])
    assert with_detail(holes, Sharpener()) is holes
    assert with_detail(shown, Sharpener(gfix_params(nets.MODEL, nets.MODEL, 1))) is shown


def test_against_renders_more_decibels_may_be_lost(monkeypatch):
    """Renders are softer than photos, so the same restoring is farther from them in PSNR."""
    sharp, blurred = textured()
    shown = pictures_of(blurred, sharp)
    grain = 0.02 * np.random.default_rng(3).normal(size=sharp.shape).astype(np.float32)
    images = list(np.clip(sharp + 12 * grain, 0, 1))
    loss = shown.psnr() - choose_strength(shown, images, STAND_IN).by_strength[1.0][1]
    assert loss > 1
    monkeypatch.setattr(restoring, "MAX_PSNR_LOSS", loss - 0.1)
    monkeypatch.setattr(restoring, "MAX_PSNR_LOSS_SOFT", loss + 0.1)
    monkeypatch.setattr(restoring, "STRENGTHS", (255,))
    assert "farther" in choose_strength(shown, images, STAND_IN).reason
    assert "farther" not in choose_strength(as_renders(shown), images, STAND_IN).reason


def test_lpips_judges_when_its_files_are_here(tmp_path, monkeypatch):
    """AlexNet's features in the folder: LPIPS; else the stand-in, which says that it is one."""
    monkeypatch.delenv("NFX_WEIGHTS", raising=False)
    assert find_judge(WeightStore(tmp_path)).net is None
    assert "LPIPS" in TEXTURE_NAME and "no" in TEXTURE_NAME
    if perceptual._find_heads() is None:
        pytest.skip("neither torchmetrics nor lpips is installed")
    torch.manual_seed(0)
    shapes = {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3),
              10: (256, 256, 3, 3)}
    tensors = {f"features.{i}.weight": 0.05 * torch.randn(s) for i, s in shapes.items()}
    tensors |= {f"features.{i}.bias": torch.zeros(s[0]) for i, s in shapes.items()}
    save_file(tensors, tmp_path / "alexnet_features.safetensors")
    judge = find_judge(WeightStore(tmp_path))
    assert judge.name == "LPIPS v0.1 alex"
    sharp, blurred = textured(size=64)
    assert judge.score(sharp[0], sharp[0]) == 0 < judge.score(blurred[0], sharp[0])


def test_lpips_is_the_published_one():
    """The judge's LPIPS equals the one the reports use, on real weights."""
    from tests.conftest import shared_data

    folder = shared_data("weights")
    judge = find_judge(WeightStore(folder))
    if judge.net is None:
        pytest.skip("LPIPS heads are not installed")
    from tools.metrics.networks import Lpips
    from tools.metrics.weights import WeightSource

    sharp, blurred = (np.rint(255 * x) / 255 for x in textured(size=96))
    theirs = Lpips("alex", WeightSource(folder, False))(sharp[0], blurred[0])
    assert abs(judge.score(blurred[0], sharp[0]) - theirs) < 1e-4


# --- mLoRA's training -----------------------------------------------------------------------------


PARAMS = RestorerParams(
    backbone=nets.MODEL, prediction=schedule.X0, level=schedule.to_fixed(0.05), noise_mode=2,
    mask=2, pad=16)


def scaled_pictures(restorer, count=4):
    """Pictures whose targets are what the restorer gives after its layers were scaled up."""
    rgb, alpha = nets.pictures(count, 48, 48)
    modules = {"backbone": nets.TinyPixels()}
    with torch.no_grad():
        modules["backbone"].conv_out.weight *= 1.6
    target = SmallBackend(PARAMS, modules["backbone"]).restore(rgb, alpha, range(count))
    return Pictures(list(rgb), list(alpha), list(target))


@pytest.mark.parametrize("full", [False, True])
def test_maps_learn_a_change_of_weights(full):
    """Trained maps bring restored views nearer; decoded from the box they do the same."""
    restorer = SmallBackend(PARAMS, nets.TinyPixels())
    restorer.net.requires_grad_(False)
    pictures = scaled_pictures(restorer)
    before = {name: x.clone() for name, x in restorer.net.state_dict().items()}
    plan = adapt.MapPlan((mlora.CONVOLUTIONS,), full, 16, 400, 40)
    _, groups = adapt.train_maps(restorer, pictures, plan, STAND_IN)
    after = restorer.net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    payload = write_maps(list(groups))
    assert len(payload) <= 400
    adapted = SmallBackend(PARAMS, nets.TinyPixels(), tuple(read_maps(payload)))

    def error(which):
        images = restoring.restored_images(which, pictures)
        return float(np.mean([(a - b) ** 2 for a, b in zip(images, pictures.target, strict=True)]))

    assert error(adapted) < 0.6 * error(restorer)


def test_a_small_budget_is_kept():
    """Whatever is learned, MLRA fits; the multiplier rises while it does not."""
    restorer = SmallBackend(PARAMS, nets.TinyPixels())
    pictures = scaled_pictures(restorer, 2)
    adapter = adapt.Adapter(restorer, adapt.MapPlan((4,), True, 16, 60, 30))
    adapter.run(adapt.Crops(restorer, pictures, 64, 0), STAND_IN)
    groups = adapter.groups()
    adapter.remove()
    assert not groups or len(write_maps(list(groups))) <= 60
    assert adapter.history[-1]["bits"] < 0.7 * max(h["bits"] for h in adapter.history)


def test_gfix_learns_prompt_maps_and_step(monkeypatch):
    """All groups of a U-Net restorer train together; what is signalled gives the same picture."""
    from codec.restore.gfix import GFix

    def make(params, maps=()):
        return GFix(params, nets.tiny_unet(), nets.tiny_kl(), nets.tiny_prompt(), maps)

    monkeypatch.setattr(adapt, "RATES", {"maps": 0.3, "prompt": 0.1, "step": 4.0})
    base = replace(gfix_params(nets.SHA, nets.SHA, nets.SHA), pad=16, tile=0)
    restorer = make(base)
    rgb, alpha = nets.pictures(2, 32, 32)
    pictures = Pictures(list(rgb), list(alpha), [np.full_like(x, 0.3) for x in rgb])
    plan = adapt.MapPlan((0, 1, 2), True, 4, 4000, 8, learn_step=True)
    before = restorer.restore(rgb, alpha, [0, 1])
    adapter = adapt.Adapter(restorer, plan)
    adapter.run(adapt.Crops(restorer, pictures, 32, 0), STAND_IN)
    groups, settings = adapter.groups(), adapter.settings()
    with torch.no_grad():
        given = restorer.inputs(rgb, alpha, [0, 1])
        trained = restorer.run(given)
    adapter.remove()
    assert np.array_equal(restorer.restore(rgb, alpha, [0, 1]), before)
    assert [g.layers for g in groups] == [0, 1, 2] and settings.network_time != base.network_time
    decoded = make(settings, tuple(read_maps(write_maps(list(groups)))))
    with torch.no_grad():
        assert torch.allclose(decoded.run(given), trained, atol=5e-3)
    assert adapter.history[-1]["loss"] < adapter.history[0]["loss"]


def test_training_is_repeatable():
    """Same seed, same maps."""
    restorer = SmallBackend(PARAMS, nets.TinyPixels())
    pictures = scaled_pictures(restorer, 2)
    plan = adapt.MapPlan((4,), False, 8, 300, 15, seed=3)
    first, second = (adapt.train_maps(restorer, pictures, plan, STAND_IN)[1] for _ in range(2))
    assert write_maps(list(first)) == write_maps(list(second))


def test_maps_are_trained_within_a_time_budget():
    """Out of time the training ends; the scene and the maps share what is given."""
    restorer = SmallBackend(PARAMS, nets.TinyPixels())
    plan = adapt.MapPlan((4,), False, 8, 300, 1000, seconds=1e-9)
    adapter = adapt.Adapter(restorer, plan)
    adapter.run(adapt.Crops(restorer, scaled_pictures(restorer, 2), 64, 0), STAND_IN)
    adapter.remove()
    assert len(adapter.history) == 1
    given = replace(FAST, effort=5, target_size=10_000, restore="on", time_budget=8.0)
    scene = plan_restoring(given, 100_000).coding_options(given).time_budget
    assert scene == 8.0 * (1 - adapt.MAP_TIME)
    alone = replace(given, adapt="off")
    assert plan_restoring(alone, 100_000).coding_options(alone).time_budget == 8.0


def test_code_lengths_of_the_model():
    """At integers the lengths are those of the probabilities; between them linear; they sum up."""
    model = adapt.ZeroInflated(0.9, 0.5)
    integers = torch.arange(-40, 41).float()
    lengths = model.bits(integers)
    assert abs(float((2.0**-lengths).sum()) - 1) < 1e-6
    assert torch.allclose(model.bits(torch.tensor([0.5])), lengths[40:42].mean()[None])
    q = torch.tensor([0.0] * 90 + [1.0, -1.0, 2.0, 1.0, -2.0, 1.0, 1.0, 3.0, -1.0, 1.0])
    fitted = adapt.ZeroInflated.fitted(q)
    assert abs(fitted.zero - 0.9) < 1e-6 and abs(fitted.decay - (1 - 10 / 14)) < 1e-6


def test_maps_that_do_not_pay_are_left_out(weights, monkeypatch):
    """Maps whose bytes would bring more elsewhere: the stream has none, the report says so."""
    monkeypatch.setattr(adapt, "PAYS_PER_DOUBLING", 100.0)
    options = replace(FAST, restore="on", adapt="gfix", adapt_iterations=4, weights=str(weights),
                      device="cpu")
    report = {}
    data = codec.encode(ball(60), options, cameras=views(8), report=report)
    tried = report["restorer"]["adapt"]
    assert tried and not any(t.get("pays") for t in tried)
    assert read_signalled(data).maps == ()


def test_maps_that_pay_are_written(weights, monkeypatch):
    """With a low price of bytes the maps are in the stream, and decoding merges them."""
    from codec.restore.registry import build

    monkeypatch.setattr(adapt, "PAYS_PER_DOUBLING", -1.0)
    monkeypatch.setattr(adapt, "RATES", adapt.RATES | {"maps": 0.5})
    options = replace(FAST, restore="on", adapt="gfix", adapt_iterations=8, weights=str(weights),
                      device="cpu")
    data = codec.encode(ball(60), options, cameras=views(8))
    found = read_signalled(data)
    assert found.maps
    store = WeightStore(weights)
    restorer = build(found.params, found.maps, store, device="cpu")
    plain = build(found.params, (), store, device="cpu")
    rgb, alpha = nets.pictures(1)
    assert not np.array_equal(restorer.restore(rgb, alpha, [0]), plain.restore(rgb, alpha, [0]))


# --- R12: a learned step --------------------------------------------------------------------------


class Wiener(torch.nn.Module):
    """The exact epsilon predictor for latents of unit variance at a told timestep.

    Told the true noise level it is the best there is; told another it takes out too much or too
    little.
    """

    def forward(self, noised, time, encoder_hidden_states):
        from types import SimpleNamespace

        a, b = schedule.SD_TURBO.differentiable(time.reshape(-1)[0])
        return SimpleNamespace(sample=b * noised / (a * a + b * b))


class Identity(torch.nn.Module):
    """Latents are pixels."""

    config = type("Config", (dict,), {"latent_channels": 3})(block_out_channels=(1,))

    def encode(self, image):
        from types import SimpleNamespace

        return SimpleNamespace(latents=image)

    def decode(self, latent):
        from types import SimpleNamespace

        return SimpleNamespace(sample=latent)


def artifacts(step=260.0, count=6, size=32, seed=0):
    """Clean pictures of unit-variance latents, and the same noised to a timestep."""
    a, b = schedule.SD_TURBO.signal_and_noise(step)
    rng = np.random.default_rng(seed)
    clean = np.clip(0.2 * rng.normal(size=(count, size, size, 3)), -1, 1)
    noisy = a * clean + 0.2 * b * rng.normal(size=clean.shape)
    return ((noisy + 1) / 2).astype(np.float32), ((clean + 1) / 2).astype(np.float32)


def squared(judged: UNetRestorer, shown, target) -> float:
    image = judged.restore(shown, np.ones(shown.shape[:3], np.float32), range(len(shown)))
    return float(np.mean((image - target) ** 2))


def test_a_learned_step_beats_its_neighbours():
    """R12 on a toy: the step learned on training views beats steps 50 off on views held out, and
    restored views are nearer to their targets than unrestored ones.
    """
    class SquaredError:
        net = None

        @staticmethod
        def distances(images, references):
            return ((images - references) ** 2).mean((1, 2, 3))

    prompt = nets.tiny_prompt()
    base = replace(gfix_params(nets.SHA, nets.SHA, nets.SHA), pad=8, tile=0, noise_mode=0)
    restorer = UNetRestorer(base, Wiener(), Identity(), prompt)
    restorer.scale = 1.0
    shown, target = artifacts()
    plan = adapt.MapPlan((), False, 1, 100, 150, learn_step=True)
    pictures = pictures_of(shown, target)
    settings, groups = adapt.train_maps(restorer, pictures, plan, SquaredError)
    assert groups == () and restorer.learned is None
    learned = settings.network_time / 64
    held_out = artifacts(seed=1)

    def error(step):
        params = replace(base, network_time=schedule.time_to_fixed(step),
                         level=schedule.to_fixed(schedule.SD_TURBO.level(step)))
        tried = UNetRestorer(params, Wiener(), Identity(), prompt)
        tried.scale = 1.0
        return squared(tried, *held_out)

    best = error(learned)
    assert best < error(learned - 50) and best < error(learned + 50)
    assert best < float(np.mean((held_out[0] - held_out[1]) ** 2))


def test_maps_take_more_of_small_files_and_never_much():
    from codec.encoder.plan_restoring import MOST_MAP_BYTES, map_budget

    assert [map_budget("small", n) for n in (3000, 4900, 8000, 20_000)] == [240, 392, 400, 1000]
    assert map_budget("small", 10**6) == MOST_MAP_BYTES < map_budget("gfix", 10**6)
