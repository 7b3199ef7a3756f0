"""Cameras planned from the splats alone, where the training cameras plausibly were.

Evidence: a trained scene is familiar with the directions it was seen from (`seen_from`), and it is
detailed and sharp there. The effective number of Gaussians that make up an image (the exponential
of the entropy of their blending weights) is in the thousands at the real cameras of captured scenes
and in the tens to hundreds elsewhere: inside walls, behind the background, among floaters, or too
near a surface. Images from near the real cameras also have more curvature for their gradient.

Where a camera stood, it looked at what is familiar from there: the mean direction of the familiar
part of a very wide render lies within 5 to 10 degrees of the real cameras' axes at their places on
four captured scenes. So only places are searched. Those taken are the most plausible of their
neighbourhoods, apart from each other; at last some that show what the others do not.

An object is seen from around it, where that is familiar (`_round_views`). What was captured as one
may still have a background, of floaters: it is told by how familiar it is from outside.

What it takes was measured by training to 1/1000 of the size from changed real cameras. Views in the
wrong directions, from the wrong places, or from few of the right ones each cost nearly as much as
all of these together; places moved by 0.1 of r50 cost little. A focal
length in pixels that is not that of the views judged in the end matters too: a quarter less costs
2 dB at the real cameras of fern (most of it back when the views grow in pixels as well), nothing at
those of plush and south-building, and a quarter more 1 dB at planned views of desk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.seen_from import SeenFrom, nearest_search
from codec.rendering.views import Extent, has_background, look_at, measure_extent
from codec.scene import Camera, Splats

FOV = 50.0  # degrees, of the shorter side
PANORAMA = 100.0  # degrees, of the square renders that tell where a camera looked
RASTER, WIDE_RASTER = 96, 64  # pixels, the longer side of a candidate's renders
SCOUTS, FIRST, BRED, ROUNDS = 80, 260, 140, 5  # random poses, candidates at first, and per round
PARENTS = 48  # places that a round breeds on
STEP, STEP_DECAY = 0.5, 0.7  # of r50, how far children stray at first, and by round
APART, APART_DECAY = 0.3, 0.75  # of r50, how far parents are apart at first, and by round
SMALL = 30_000  # Gaussians; candidates of smaller scenes are rendered on one thread
LARGE = 100_000  # Gaussians; larger scenes get fewer candidates
BRIEF = 0.4  # of the candidates, where nothing is trained on the views
REACH = 3.5  # positions within so many r50
AHEAD = 2.0  # r50 from a camera to the point it is said to look at
DETAIL, FILLED, SHARP, FAMILIAR = 0.25, 1.5, 2.0, 12.0  # powers of what makes up a score
BINS = np.arange(0.0, 62.5, 5.0)  # degrees from a camera's axis
KNOWN = 6.0  # power of what is familiar, for the direction of a camera
MOST_PIXELS = 4.0  # of a panorama's raster; what is larger counts as if it had so many
CHOOSY = 4.0  # power by which views worse than the best of the same Gaussian count less
TRUST = 8.0  # power by which Gaussians count less that only unfamiliar views show
FAMILIAR_ENOUGH = 0.95, 0.9  # so much of this quantile of the candidates' familiarity
OPENED = 1.25  # planned views show so many times the width that their candidates were judged by
SURVEYED, SURVEY, SURVEY_RASTER = 24, 124.0, 128  # views, degrees and pixels that tell the lens
EDGE = 0.75  # of what is known within the cameras' images is known at their edge
LENS_EDGES, LENS_FOVS = (39.0, 43.0), (FOV, 66.0)  # degrees: an edge so far out, a lens so wide
INNER, WITHIN = 20.0, 35.0  # degrees from the axis, surely and mostly within an image
WELL_SEEN = 0.25  # pixels of the raster at which a Gaussian counts as half seen
LEAST_SEEN = 0.02  # pixels of the raster; less is not seen
GOLDEN = 0.6180339887498949
FINE = 0.25  # pixels; what is projected smaller than this counts less
AROUND, LEAST_AROUND = 160, 48  # directions from which an object is judged, of a large one
COMPACT = 2.1  # r90 / r50 of objects at most; without floaters 1.4 to 2.1 on four
ALL_KNOWN = 0.9  # of these known: an object that was seen from everywhere
ROUND_FAMILIAR = 0.8  # of the familiarity that no more improves: seen from there
OUTSIDE = 0.85  # of random places' familiarity: lego .88, .99; places .36 to .80, a fragment .89


@dataclass(frozen=True, slots=True)
class Crowding:
    """How places near chosen ones lose: by a factor of 2**-loss at distance 0, less farther off.

    power: of the score.   local: of the score against the best one within HERE.
    apart: of r50, the distance where the loss is down to 0.61 of it.
    """

    power: float
    local: float
    apart: float
    loss: float


BREEDING, TAKEN, COVERING = (Crowding(4, 0, APART, 2), Crowding(2, 8, 0.12, 2),
                             Crowding(1, 0, 0.2, 3))
HERE = 0.5  # r50; sides of a scene differ in how detailed they are, places beside each other less
COVER_SHARE = 8  # one of so many views is chosen for what no other shows


@dataclass(frozen=True, slots=True)
class Candidate:
    """A camera and what it sees.   fov: degrees, of the shorter side.

    rows: [K] Gaussians in the image.   pixels: [K] of the raster that each makes up.
    sector: [K] from which of 8 directions.   looks: how detailed and sharp it is.
    familiarity: see `SeenFrom`.
    """

    position: NDArray[np.float64]
    target: NDArray[np.float64]
    fov: float
    rows: NDArray[np.int32]
    pixels: NDArray[np.float32]
    sector: NDArray[np.int8]
    looks: float
    familiarity: float

    def score(self, enough: float) -> float:
        """How plausible a place and direction are.   enough: familiarity that no more improves."""
        return self.looks * min(self.familiarity / enough, 1.0) ** FAMILIAR


class _Judge:
    """Renders candidates of one scene."""

    def __init__(self, splats: Splats, width: int, height: int, threads: int) -> None:
        from codec.rendering.base import RenderOptions
        from codec.rendering.cpu import CpuRenderer

        scale = RASTER / max(width, height)
        self._size = max(8, round(width * scale)), max(8, round(height * scale))
        self._splats, self._splats_with_sh = splats.with_sh_degree(0), splats
        # Handing out work costs more than so small a render of few Gaussians.
        threads = threads if splats.n_gaussians > SMALL else 1
        self._renderer = CpuRenderer(RenderOptions(threads=threads))
        self._seen_from = SeenFrom(splats)
        self.enough = 1.0
        scales = np.sort(splats.log_scales.astype(np.float64), axis=1)
        self._radius = np.exp(np.clip((scales[:, 1] + scales[:, 2]) / 2, -40, 40))

    def look(self, position: NDArray, target: NDArray, fov: float = FOV) -> Candidate:
        """Render and judge one pose."""
        camera = look_at(position, target, *self._size, fov, "candidate")
        view, weights = self._renderer.render_weighed(self._splats, camera)
        rows = np.flatnonzero(weights > LEAST_SEEN)
        weight = weights[rows].astype(np.float64)
        away = self._splats.means[rows] - position
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-9)
        fine = np.minimum(1.0, self._radius[rows] * camera.fx / distance / FINE)
        total = float(weights.sum()) + 1e-9
        share = weight / total
        entropy = -float((share * np.log(np.maximum(share, 1e-30))).sum())
        filled = min(1.0, total / (self._size[0] * self._size[1]))
        detail = float(np.exp(entropy)) * float((share * fine).sum())
        sector = ((away > 0) @ np.array([1, 2, 4])).astype(np.int8)
        familiarity = self._seen_from.familiarity(rows, weight, away)
        looks = detail**DETAIL * filled**FILLED * sharpness(np.clip(view.rgb, 0, 1)) ** SHARP
        return Candidate(position, target, fov, rows.astype(np.int32), weight.astype(np.float32),
                         sector, looks, familiarity)

    def facing(self, position: NDArray, direction: NDArray, turns: int) -> NDArray[np.float64]:
        """[3] where a camera at `position` looked: the mean direction of what is familiar there.

        direction: [3] to start from.   `enough` is the familiarity that no more counts.
        """
        for _ in range(turns):
            camera = look_at(position, position + direction, WIDE_RASTER, WIDE_RASTER, PANORAMA,
                             "panorama")
            weights = self._renderer.render_weighed(self._splats, camera)[1]
            rows = np.flatnonzero(weights > LEAST_SEEN)
            away = self._splats.means[rows] - position
            away = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
            # A pixel at the edge of a flat image spans less of the sphere.
            slant = np.clip((away * camera.world_to_camera[2, :3]).sum(axis=1), 0.05, 1) ** 3
            known = np.minimum(self._seen_from.each(rows, away) / self.enough, 1.0) ** KNOWN
            share = np.minimum(weights[rows], MOST_PIXELS) * slant * known
            mean = (share[:, None] * away).sum(axis=0)
            if not np.linalg.norm(mean) > 1e-9:
                break
            direction = mean / np.linalg.norm(mean)
        return direction

    @property
    def remembers(self) -> bool:
        """Whether the scene tells from where it was seen."""
        return self._seen_from.remembers

    def survey(self, chosen: list[Candidate]) -> list[tuple[NDArray, NDArray]]:
        """Across and up: [B] pixels, and known ones, by bins of the angle from the axes."""
        fine = SeenFrom(self._splats_with_sh, fine=True)
        seen = [self._angles(c, fine) for c in chosen]
        enough = max(float(np.median([f for *_, f in seen])), 1e-9)
        out = []
        for axis in (0, 1):
            total = np.zeros((2, len(BINS) - 1))
            for angles, pixels, each, _ in seen:
                row = angles[1 - axis] < INNER
                known = pixels * np.minimum(each / enough, 1.0) ** KNOWN
                total += [np.histogram(angles[axis][row], BINS, weights=part[row])[0]
                          for part in (pixels, known)]
            out.append((total[0], total[1]))
        return out

    def _angles(self, candidate: Candidate, seen_from: SeenFrom):
        """([2, K] degrees from the axis, [K] pixels, [K] familiarity, that of the whole)."""
        camera = look_at(candidate.position, candidate.target, SURVEY_RASTER, SURVEY_RASTER,
                         SURVEY, "survey")
        weights = self._renderer.render_weighed(self._splats, camera)[1]
        rows = np.flatnonzero(weights > LEAST_SEEN)
        away = self._splats.means[rows] - candidate.position
        x, y, z = camera.world_to_camera[:3, :3] @ away.T
        across, up = (np.degrees(np.abs(np.arctan2(v, z))) for v in (x, y))
        pixels = np.minimum(weights[rows], MOST_PIXELS)
        angles = np.array([across, up])
        inner = (angles < INNER).all(axis=0)
        return (angles, pixels, seen_from.each(rows, away),
                seen_from.familiarity(rows[inner], weights[rows][inner], away[inner]))


def sharpness(image: NDArray) -> float:
    """Mean absolute Laplacian over mean absolute gradient of [H, W, 3] in 0..1; 0 of flat ones."""
    gradient = sum(float(np.abs(np.diff(image, axis=axis)).mean()) for axis in (0, 1))
    laplacian = (4 * image[1:-1, 1:-1] - image[:-2, 1:-1] - image[2:, 1:-1]
                 - image[1:-1, :-2] - image[1:-1, 2:])
    return float(np.abs(laplacian).mean()) / (gradient + 1e-4)


def plan_views(splats: Splats, count: int, width: int, height: int, seed: int = 0,
               threads: int = 0, thorough: bool = True) -> list[Camera]:
    """`count` cameras that see the scene as its training cameras would have.

    width, height: pixels of the cameras; the field of view of the shorter side is FOV, or that of
    a clearly wider lens (`_field`), opened (`opened`). Objects are seen by squares of `width`, of
    FOV as it is.
    thorough: False = fewer places are tried.
    Deterministic for a seed, whatever the threads. Raises BackendError without a renderer.
    """
    finite = np.isfinite(splats.means).all(axis=1) & np.isfinite(splats.log_scales).all(axis=1)
    splats = splats if finite.all() else splats.take(np.flatnonzero(finite))
    extent = measure_extent(splats)
    if count < 1 or not splats.n_gaussians:
        return [look_at(extent.centre - (0, 0, 3 * extent.r50), extent.centre, width, height, FOV,
                        f"planned_{i:03d}") for i in range(count)]
    judge = _Judge(splats, width, height, threads)
    effort = min(1.0, LARGE / splats.n_gaussians) * (1.0 if thorough else BRIEF)
    framing = _framing(extent)
    directions = max(LEAST_AROUND, int(AROUND * effort))
    around = _familiar_around(judge, extent.centre, framing, directions)
    if not has_background(extent):
        return _round_views(extent.centre, framing, around, count, width, seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    pool = _random_places(splats, extent, judge, rng, effort)
    if judge.remembers and _seen_from_outside(around, pool):
        return _round_views(extent.centre, framing, around, count, width, seed)
    pool = _bred(pool, extent, judge, rng, effort)
    covering = -(-count // COVER_SHARE)
    chosen = _spread(pool, extent, count - covering, TAKEN)
    fov = opened(_field(judge, chosen[:: -(-len(chosen) // SURVEYED)]) if chosen else FOV)
    chosen = _cover(pool, extent, splats.n_gaussians, covering, chosen)
    return [look_at(c.position, c.target, width, height, fov, f"planned_{i:03d}")
            for i, c in enumerate(chosen)]


def _field(judge: _Judge, chosen: list[Candidate]) -> float:
    """Degrees of the shorter side that the cameras' lenses had, where clearly more than FOV.

    The edge of what is known (`known_edge`) lies 7 to 14 degrees outside the images: at 32 to 38
    degrees for fern, plush and south-building (half fields of 24), 42 to 47 for desk (32), or it
    has none: whatever a wide view shows is known. Wide lenses are told by desk alone, so only
    clearly wide ones are believed. A lens as wide as desk's brought 1.6 dB there in small
    trainings, 0.5 in an encode.
    """
    if not judge.remembers:
        return FOV
    edge = min(known_edge(pixels, known) for pixels, known in judge.survey(chosen))
    return float(np.interp(edge, LENS_EDGES, LENS_FOVS))


def known_edge(pixels: NDArray, known: NDArray) -> float:
    """Degrees from the axis where what is known falls off, else those of the last bin with pixels.

    pixels, known: [B] by bins of the angle. Cameras that move sideways leave no edge across, but
    one up and down.
    """
    centres = (BINS[1:] + BINS[:-1]) / 2
    share = known / np.maximum(pixels, 1e-9)
    least = EDGE * float(share[centres < WITHIN].max())
    for k in range(int((centres < INNER).sum()), len(centres)):
        if share[k] < least and pixels[k] > 0:
            fall = (share[k - 1] - least) / max(float(share[k - 1] - share[k]), 1e-9)
            return float(centres[k - 1] + 5.0 * np.clip(fall, 0, 1))
    return float(centres[np.flatnonzero(pixels > 0)[-1]]) if (pixels > 0).any() else 0.0


def opened(fov: float) -> float:
    """Field of view in degrees of a planned view, of its candidate's.

    Familiarity is judged by a narrower field than is shown in the end: nobody knows the lens, and
    what no view shows is lost. A quarter more brings 0.2 to 0.4 dB on three of four scenes at
    1/1000 and costs 0.1 on the fourth.
    """
    return float(2 * np.degrees(np.arctan(OPENED * np.tan(np.radians(fov) / 2))))


def _sphere(count: int, turn: float = 0.0) -> NDArray[np.float64]:
    """[count, 3] unit vectors spread evenly, along a spiral about y, turned about it."""
    y = 1 - 2 * (np.arange(count) + 0.5) / count
    azimuth = 2 * np.pi * ((np.arange(count) + 0.5) * GOLDEN + turn)
    across = np.sqrt(1 - y * y)
    return np.stack([across * np.sin(azimuth), y, across * np.cos(azimuth)], axis=1)


def _framing(extent: Extent) -> float:
    """Distance from which the FOV shows 90 % of an object.

    What has a background can only be an object among floaters, of which there may be many.
    """
    floaters = has_background(extent)
    radius = min(extent.r90, COMPACT * extent.r50) if floaters else extent.r90
    return radius / float(np.sin(np.radians(FOV) / 2))


def _familiar_around(judge: _Judge, centre: NDArray, framing: float,
                     count: int) -> NDArray[np.float64]:
    """[count] familiarity from the directions of `_sphere`, at 1.1 times `framing`.

    0 where nothing is seen. 1 from everywhere for a scene without view-dependent colour.
    """
    if not judge.remembers:
        return np.ones(count)
    looks = [judge.look(centre + 1.1 * framing * direction, centre) for direction in _sphere(count)]
    return np.array([look.familiarity if len(look.rows) else 0.0 for look in looks])


def _round_views(centre: NDArray, framing: float, around: NDArray, count: int, size: int,
                 seed: int) -> list[Camera]:
    """Square views of an object from the directions that it knows, as `around` has them.

    Where it knows (nearly) all alike, from azimuths by the golden angle, -10 to 50 degrees up.
    Detail tells little of an object alone in space, which looks sharp from everywhere. On lego of
    NeRF-synthetic, trained here, familiarity is .42 to .44 in the half that was photographed and
    .19 to .24 in the other. Training to 1/1000 towards held-out views: 28.7 dB by the real cameras
    and by these, 28.1 where these have 480 x 360 pixels for 480 x 480, 24.7 by places as in rooms.
    """
    enough = ROUND_FAMILIAR * FAMILIAR_ENOUGH[0] * np.quantile(around, FAMILIAR_ENOUGH[1])
    known = around >= enough
    upright = known.mean() >= ALL_KNOWN or not around.any()
    directions = _upright(count, seed) if upright else _known_directions(known, count, seed)
    cameras = []
    for i, direction in enumerate(directions):
        distance = (0.9 + 0.4 * (i * GOLDEN**2 % 1.0)) * framing
        cameras.append(look_at(centre + distance * direction, centre, size, size, FOV,
                               f"planned_{i:03d}"))
    return cameras


def _upright(count: int, seed: int) -> NDArray[np.float64]:
    """[count, 3] unit vectors all round, -10 to 50 degrees up."""
    part = (np.arange(count) + 0.5) / count
    azimuth = 2 * np.pi * ((np.arange(count) + 0.5 + 0.1 * seed) * GOLDEN % 1.0)
    elevation = np.radians(-10 + 60 * part)
    return np.stack([np.cos(elevation) * np.sin(azimuth), -np.sin(elevation),
                     np.cos(elevation) * np.cos(azimuth)], axis=1)


def _known_directions(known: NDArray[np.bool_], count: int, seed: int) -> NDArray[np.float64]:
    """[count, 3] unit vectors spread evenly over what is nearest to a known one of `_sphere`."""
    tree = nearest_search(_sphere(len(known)))
    total = int(count / known.mean())
    while True:
        directions = _sphere(total, 0.1 * seed)
        directions = directions[known[tree.query(directions)[1]]]
        if len(directions) >= count:
            return directions[np.arange(count) * len(directions) // count]
        total += max(1, total // 50)


def _facing(judge: _Judge, extent: Extent, position: NDArray, target: NDArray,
            turns: int) -> Candidate:
    """A candidate that looks at what it knows, found from the direction of `target`."""
    away = target - position
    away = away / max(float(np.linalg.norm(away)), 1e-9)
    direction = judge.facing(position, away, turns)
    return judge.look(position, position + AHEAD * extent.r50 * direction)


def _random_places(splats: Splats, extent: Extent, judge: _Judge, rng: np.random.Generator,
                   effort: float) -> list[Candidate]:
    """Candidates at random."""
    near = np.linalg.norm(splats.means - extent.centre, axis=1) <= 1.5 * extent.r50
    points = splats.means[near if near.any() else slice(None)].astype(np.float64)

    def draw():
        target = points[rng.integers(len(points))]
        direction = rng.normal(size=3)
        direction /= max(float(np.linalg.norm(direction)), 1e-9)
        return extent.centre + direction * extent.r50 * rng.uniform(0, REACH), target

    scouts = [judge.look(*draw()) for _ in range(max(32, int(SCOUTS * effort)))]
    judge.enough = max(float(np.quantile([c.familiarity for c in scouts], 0.95)), 1e-9)
    return [_facing(judge, extent, *draw(), 2) for _ in range(max(32, int(FIRST * effort)))]


def _seen_from_outside(around: NDArray, pool: list[Candidate]) -> bool:
    """Whether the scene is about as familiar from some side as from the best of random places."""
    best = np.quantile([c.familiarity for c in pool], 0.9)
    return float(np.quantile(around, 0.9)) >= OUTSIDE * float(best)


def _bred(pool: list[Candidate], extent: Extent, judge: _Judge, rng: np.random.Generator,
          effort: float) -> list[Candidate]:
    """`pool` and rounds of places near the most plausible."""
    pool = list(pool)
    for number in range(ROUNDS):
        judge.enough = max(judge.enough, _enough(pool))
        parents = _spread(pool, extent, PARENTS,
                          replace(BREEDING, apart=APART * APART_DECAY**number))
        step = STEP * extent.r50 * STEP_DECAY**number
        for i in range(max(16, int(BRED * effort))):
            parent = parents[i % len(parents)]
            move = step * rng.normal(size=3)
            pool.append(_facing(judge, extent, parent.position + move, parent.target + move, 1))
    return pool


def _enough(pool: list[Candidate]) -> float:
    """Familiarity that no more improves a candidate."""
    share, quantile = FAMILIAR_ENOUGH
    return max(share * float(np.quantile([c.familiarity for c in pool], quantile)), 1e-9)


def _closeness(pool: list[Candidate], place: NDArray, extent: Extent, apart: float):
    """[len(pool)] 1 at a place, falling with the distance from it."""
    away = (np.array([c.position for c in pool]) - place) / (apart * extent.r50)
    return np.exp(-(away**2).sum(axis=1) / 2)


def _spread(pool: list[Candidate], extent: Extent, count: int,
            crowding: Crowding) -> list[Candidate]:
    """Greedy choice by score, which falls near those that were chosen; over again when all are."""
    enough = _enough(pool)
    score = np.log2(np.maximum([c.score(enough) for c in pool], 1e-300))
    gain = crowding.power * score
    if crowding.local:
        places = np.array([c.position for c in pool])
        reach = nearest_search(places).query_ball_point(places, HERE * extent.r50)
        gain += crowding.local * (score - np.array([score[near].max() for near in reach]))
    chosen: list[int] = []
    while len(chosen) < count:
        if len(chosen) % len(pool) == 0:
            left = gain.copy()
        best = int(left.argmax())
        chosen.append(best)
        near = _closeness(pool, pool[best].position, extent, crowding.apart)
        left -= crowding.loss * near
        left[best] = -np.inf
    return [pool[k] for k in chosen]


def _cover(pool: list[Candidate], extent: Extent, n: int, count: int,
           before: list[Candidate]) -> list[Candidate]:
    """`before` and `count` more, each time the candidate that adds most to what is seen.

    A Gaussian is worth the pixels it makes up in the best view that shows it, less where none of
    its views is familiar. It gives its share seen, less in views worse than that one, halved for
    each time it was seen before, and halved again for each time from the same octant. Places near
    chosen ones lose.
    """
    worth, shares = _shares(pool, n)
    value = np.repeat(worth[:, None], 8, axis=1)
    lost = np.zeros(len(pool))
    number = {id(c): k for k, c in enumerate(pool)}
    chosen = []

    def take(k: int) -> None:
        nonlocal lost
        c, left = pool[k], np.exp2(-shares[k])
        chosen.append(c)
        value[c.rows] *= left[:, None]
        value[c.rows, c.sector] *= left
        lost = lost + COVERING.loss * _closeness(pool, c.position, extent, COVERING.apart)

    for candidate in before:
        take(number[id(candidate)])
    bounds = np.full(len(pool), np.inf)
    for _ in range(count):
        best, gain = 0, -1.0
        for k in np.argsort(-bounds, kind="stable"):  # gains only fall, so old ones are bounds
            if bounds[k] <= gain:
                break
            c = pool[k]
            seen = float((value[c.rows, c.sector] * shares[k]).sum(dtype=np.float64))
            bounds[k] = seen * 2.0 ** -lost[k]
            if bounds[k] > gain:
                best, gain = int(k), float(bounds[k])
        take(best)
    return chosen


def _shares(pool: list[Candidate], n: int) -> tuple[NDArray[np.float32], list[NDArray]]:
    """([n] what Gaussians are worth, [K] for each candidate how well it shows those it sees)."""
    enough = _enough(pool)
    scores = [c.score(enough) for c in pool]
    best = np.full(n, 1e-9)
    worth, trust = np.full(n, WELL_SEEN, np.float32), np.zeros(n, np.float32)
    for k in np.argsort(scores, kind="stable"):
        c = pool[k]
        rows, pixels = c.rows[c.pixels > WELL_SEEN / 3], c.pixels[c.pixels > WELL_SEEN / 3]
        best[rows] = max(scores[k], 1e-9)
        worth[rows] = np.maximum(pixels, WELL_SEEN)
        trust[rows] = np.maximum(trust[rows], c.familiarity)
    worth *= np.minimum(trust / enough, 1.0) ** TRUST
    shares = []
    for c, score in zip(pool, scores, strict=True):
        seen = c.pixels / (c.pixels + WELL_SEEN)
        shares.append((seen * np.minimum(score / best[c.rows], 1.0) ** CHOOSY).astype(np.float32))
    return worth, shares
