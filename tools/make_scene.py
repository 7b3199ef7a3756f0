"""Make the project's own splat scenes: seeded, procedural, NumPy only.

synth: the statistics of a trained scene (for sizes and speeds); demo: a small scene worth seeing.

    python -m tools.make_scene synth.ply --gaussians 300000 --sh-degree 3 --seed 20261121
    python -m tools.make_scene demo.ply --kind demo --cameras demo.cameras.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from codec.scene import Camera, Splats

SYNTH_SEED = 20261121
N_SURFACES = 60
SH_C0 = 0.28209479177387814
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patch:
    """Points sampled on one surface: positions [N, 3], unit normals [N, 3], mean spacing."""

    points: F64
    normals: F64
    spacing: float


def unit(v: F64) -> F64:
    """Rows of v scaled to length 1."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def quats_facing(normals: F64, spin: F64) -> F64:
    """Unit quaternions [N, 4] wxyz that turn +z to `normals` after a turn of `spin` rad about z."""
    nx, ny, nz = normals.T
    turn = np.stack([1 + nz, -ny, nx, np.zeros_like(nx)], 1)
    turn[nz < -0.999999] = (0, 1, 0, 0)
    w, x, y, _ = unit(turn).T
    c, s = np.cos(spin / 2), np.sin(spin / 2)
    return np.stack([w * c, x * c + y * s, y * c - x * s, w * s], 1)


def sh_basis(d: F64) -> F64:
    """Real SH of degree 0..3 at unit directions [N, 3] in graphdeco order and sign, [N, 16]."""
    x, y, z = d.T
    xx, yy, zz = x * x, y * y, z * z
    return np.stack([
        np.full_like(x, SH_C0), -0.4886025119 * y, 0.4886025119 * z, -0.4886025119 * x,
        1.0925484306 * x * y, -1.0925484306 * y * z, 0.3153915653 * (2 * zz - xx - yy),
        -1.0925484306 * x * z, 0.5462742153 * (xx - yy),
        -0.5900435899 * y * (3 * xx - yy), 2.8906114426 * x * y * z,
        -0.4570457995 * y * (4 * zz - xx - yy), 0.3731763326 * z * (2 * zz - 3 * xx - 3 * yy),
        -0.4570457995 * x * (4 * zz - xx - yy), 1.4453057213 * z * (xx - yy),
        -0.5900435899 * x * (xx - 3 * yy),
    ], 1)


def pack_splats(parts: dict[str, F64], order: NDArray[np.int64]) -> Splats:
    """Splats from float64 arrays named as in Splats, rows in `order`."""
    return Splats(**{k: np.ascontiguousarray(v[order], np.float32) for k, v in parts.items()})


# ---- synth -------------------------------------------------------------------------------------


def random_frame(rng: Generator) -> F64:
    """A uniformly random rotation matrix [3, 3]."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    return q * np.sign(np.diag(r))


def sample_surface(rng: Generator, kind: int, size: F64, n: int) -> tuple[F64, F64]:
    """n local points and normals on a plane (0), sphere (1) or cylinder (2) of given size [3]."""
    u, v = rng.random((2, n)) * 2 - 1
    if kind == 0:
        points = np.stack([u * size[0], v * size[1], 0 * u], 1)
        return points, np.tile([0.0, 0.0, 1.0], (n, 1))
    angle = np.pi * u
    rim = np.sqrt(1 - v * v) if kind == 1 else np.ones(n)
    normals = np.stack([rim * np.cos(angle), rim * np.sin(angle), v if kind == 1 else 0 * v], 1)
    points = normals * size[0]
    if kind == 2:
        points[:, 2] = v * size[1]
    return points, normals


def surface_area(kind: int, size: F64) -> float:
    """Area of a surface of `sample_surface`, in square world units."""
    if kind == 0:
        return 4 * size[0] * size[1]
    return 4 * np.pi * size[0] * (size[0] if kind == 1 else size[1])


def synth_patch(rng: Generator, kind: int, size: F64, n: int) -> Patch:
    """A surface somewhere in the scene, with the small noise of a trained reconstruction."""
    points, normals = sample_surface(rng, kind, size, n)
    frame, centre = random_frame(rng), rng.standard_normal(3) * (3.0, 3.0, 1.5)
    spacing = float(np.sqrt(surface_area(kind, size) / max(n, 1)))
    normals = unit(normals @ frame.T + 0.08 * rng.standard_normal((n, 3)))
    points = points @ frame.T + centre + 0.3 * spacing * normals * rng.standard_normal((n, 1))
    return Patch(points, normals, spacing)


def synth_texture(rng: Generator, points: F64) -> F64:
    """Smooth RGB in about 0..1 at points [N, 3]: a base colour and five sinusoids."""
    rgb = np.tile(rng.uniform(0.2, 0.8, 3), (len(points), 1))
    for octave in range(5):
        wave = rng.standard_normal(3) * 1.8**octave
        rgb += 0.16 / (1 + octave) * rng.standard_normal(3) * np.sin(points @ wave[:, None]
                                                                     + rng.uniform(0, 6.3))
    return rgb


def synth_sh(rng: Generator, points: F64, sh_degree: int) -> F64:
    """shN [N, K-1, 3]: three smooth lobes per surface, and noise falling with degree."""
    k = (sh_degree + 1) ** 2
    degree = np.repeat(np.arange(1, sh_degree + 1), 2 * np.arange(1, sh_degree + 1) + 1)
    lobes = rng.standard_normal((3, k - 1, 3)) * (0.09 * 0.65**degree)[:, None]
    phase = points @ rng.standard_normal((3, 3)) + rng.uniform(0, 6.3, 3)
    noise = rng.standard_normal((len(points), k - 1, 3)) * (0.055 * 0.7**degree)[:, None]
    return np.einsum("nr,rkc->nkc", np.sin(phase), lobes) + noise


def synth_part(rng: Generator, patch: Patch, sh_degree: int) -> dict[str, F64]:
    """All attributes of one surface's Gaussians, named as in Splats."""
    n = len(patch.points)
    scales = np.log(0.7 * patch.spacing) + 0.35 * rng.standard_normal((n, 3))
    scales[:, 2] -= rng.gamma(4.0, 0.45, n)
    norm = np.exp(0.15 * rng.standard_normal(n)) * rng.choice([-1.0, 1.0], n)
    solid = rng.random(n) < 0.6
    rgb = synth_texture(rng, patch.points) + 0.04 * rng.standard_normal((n, 3))
    return {
        "means": patch.points,
        "log_scales": scales,
        "quats": quats_facing(patch.normals, rng.uniform(0, 2 * np.pi, n)) * norm[:, None],
        "opacity_logits": np.where(solid, 3.5, -1.6) + 1.3 * rng.standard_normal(n),
        "sh0": (rgb - 0.5) / SH_C0,
        "shN": synth_sh(rng, patch.points, sh_degree),
    }


def make_synth(n: int, sh_degree: int = 3, seed: int = SYNTH_SEED) -> Splats:
    """A scene of n Gaussians on 60 planes, spheres and cylinders with log-normal sizes.

    Sinusoid textures; scales tied to density and flat along the normal; quaternions of random
    norm and sign; bimodal opacity; low-rank SH lobes plus noise; rows shuffled. The statistics,
    not the looks, follow trained scenes. Same arguments, same scene.
    """
    rng = Generator(PCG64(seed))
    kinds = rng.integers(0, 3, N_SURFACES)
    sizes = np.exp(0.6 * rng.standard_normal((N_SURFACES, 3)) - 0.1)
    area = np.array([surface_area(k, s) for k, s in zip(kinds, sizes, strict=True)])
    edges = np.round(np.cumsum(area) / area.sum() * n).astype(int)
    counts = np.diff(edges, prepend=0)
    parts = [
        synth_part(rng, synth_patch(rng, int(kind), size, int(count)), sh_degree)
        for kind, size, count in zip(kinds, sizes, counts, strict=True)
    ]
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    return pack_splats(joined, rng.permutation(n))


# ---- demo: y points down, the ground is y = 0 ----------------------------------------------------

SUN, SKY = unit(np.array([0.6, -0.7, 0.35])), unit(np.array([-0.8, -0.5, 0.3]))
UP = np.array([0.0, -1.0, 0.0])


def low_discrepancy(rng: Generator, n: int) -> tuple[F64, F64]:
    """n well spread points of the unit square (R2 sequence, random start)."""
    i = np.arange(n)[:, None]
    u = (rng.random(2) + i * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0
    return u[:, 0], u[:, 1]


def demo_ground(u: F64, v: F64) -> tuple[F64, F64, float]:
    """Disc of radius 2.3."""
    r, a = 2.3 * np.sqrt(u), 2 * np.pi * v
    points = np.stack([r * np.cos(a), 0 * r, r * np.sin(a)], 1)
    return points, np.tile(UP, (len(u), 1)), np.pi * 2.3**2


def demo_sphere(u: F64, v: F64) -> tuple[F64, F64, float]:
    """Ball of radius 0.42 on the ground."""
    y, a = 2 * u - 1, 2 * np.pi * v
    rim = np.sqrt(1 - y * y)
    normals = np.stack([rim * np.cos(a), y, rim * np.sin(a)], 1)
    return normals * 0.42 + (-1.0, -0.42, -0.55), normals, 4 * np.pi * 0.42**2


def demo_box(u: F64, v: F64) -> tuple[F64, F64, float]:
    """Cube of edge 0.7, turned by 0.5 rad about the vertical."""
    face = np.minimum((u * 6).astype(int), 5)
    axis, side = face // 2, face % 2 * 2.0 - 1
    local = np.zeros((len(u), 3))
    normals = np.zeros_like(local)
    row = np.arange(len(u))
    local[row, (axis + 1) % 3], local[row, (axis + 2) % 3] = (u * 6) % 1 * 2 - 1, v * 2 - 1
    local[row, axis] = normals[row, axis] = side
    c, s = np.cos(0.5), np.sin(0.5)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return local @ turn.T * 0.35 + (1.05, -0.35, -0.5), normals @ turn.T, 6 * 0.7**2


def demo_knot(u: F64, v: F64) -> tuple[F64, F64, float]:
    """A (2, 3) torus knot, tube radius 0.13, standing behind the others."""

    def curve(t: F64) -> F64:
        r = 2 + np.cos(3 * t)
        return np.stack([r * np.cos(2 * t), r * np.sin(2 * t), np.sin(3 * t)], 1) * 0.28

    grid = np.linspace(0, 2 * np.pi, 2049)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve(grid), axis=0), axis=1))])
    t, phi = np.interp(u, length / length[-1], grid), 2 * np.pi * v
    tangent = unit(curve(t + 1e-4) - curve(t - 1e-4))
    side = unit(np.cross(tangent, [0.0, 0.0, 1.0]))
    normals = np.cos(phi)[:, None] * side + np.sin(phi)[:, None] * np.cross(tangent, side)
    points = curve(t) + 0.13 * normals + (0.0, -1.0, 0.55)
    return points, normals, length[-1] * 2 * np.pi * 0.13


def stripes(points: F64, wave: tuple[float, float, float]) -> F64:
    """Sharp stripes of -1..1 along `wave`, [N, 1]."""
    return np.tanh(4 * np.sin(points @ np.array(wave)))[:, None]


def demo_albedo(name: str, p: F64) -> F64:
    """Diffuse RGB of one object at points [N, 3]."""
    if name == "ground":
        checker = np.tanh(6 * np.sin(np.pi * p[:, :1] / 0.4) * np.sin(np.pi * p[:, 2:] / 0.4))
        return 0.46 + checker * (0.26, 0.24, 0.2)
    if name == "sphere":
        return np.tile([0.2, 0.22, 0.26], (len(p), 1)) + 0.05 * stripes(p, (0, 40.0, 0))
    if name == "box":
        return (0.62, 0.3, 0.12) + stripes(p, (18.0, 18.0, 18.0)) * (0.14, 0.1, 0.02)
    hue = 3 * p[:, :1] + 2 * p[:, 1:2] + np.array([0.0, 2.1, 4.2])
    return 0.42 + 0.22 * np.cos(hue) + 0.05 * stripes(p, (24.0, 6.0, 24.0))


def soft_shadow(ground: F64, blockers: F64) -> F64:
    """Light reaching ground points [N, 3], 0..1, with `blockers` [M, 3] in the sun's way, [N]."""
    cast = blockers - SUN * (blockers[:, 1] / SUN[1])[:, None]
    edges = np.linspace(-3, 3, 91)
    dark = np.histogram2d(cast[:, 0], cast[:, 2], bins=(edges, edges))[0]
    dark = np.minimum(dark / 2, 1)
    for axis in (0, 1, 0, 1):
        dark = (np.roll(dark, 1, axis) + dark + np.roll(dark, -1, axis)) / 3
    cell = np.clip(((ground[:, [0, 2]] + 3) / 6 * 90).astype(int), 0, 89)
    return 1 - 0.95 * dark[cell[:, 0], cell[:, 1]]


def lobe_sh(axis: F64, power: float) -> F64:
    """SH [N, 16] of max(0, d . axis)**power: zonal coefficients by Funk-Hecke, 200-point rule."""
    t = (np.arange(200) + 0.5) / 200
    legendre = (np.ones_like(t), t, (3 * t * t - 1) / 2, (5 * t**3 - 3 * t) / 2)
    zonal = [2 * np.pi * np.mean(t**power * p) for p in legendre]
    return sh_basis(axis) * np.repeat(zonal, (1, 3, 5, 7))


def demo_sh(name: str, albedo: F64, normals: F64, light: F64) -> F64:
    """SH [N, 16, 3] of one object: sun, sky and view-dependent gloss.

    Directions run from camera to Gaussian, so a mirror lobe for light L peaks at L reflected.
    """
    facing = np.maximum(normals @ SUN, 0) * light
    diffuse = albedo * (0.3 + 0.12 * (normals @ UP)[:, None] + 0.95 * facing[:, None])
    sh = np.zeros((len(normals), 16, 3))
    sh[:, 0] = (diffuse - 0.5) / SH_C0
    gloss, power = {"ground": (0.25, 6.0), "box": (0.3, 8.0)}.get(name, (0.9, 12.0))
    for source, tint in ((SUN, (1.0, 0.93, 0.8)), (SKY, (0.25, 0.35, 0.55))):
        mirror = 2 * (normals @ source)[:, None] * normals - source
        lit = gloss * np.clip(4 * (normals @ source), 0, 1) * light
        sh += (lobe_sh(-mirror, power) * lit[:, None])[:, :, None] * np.array(tint)
    if name == "sphere":  # a mirrored sky gradient is linear in the direction, so degree 1 is exact
        reflected_up = 2 * (normals @ UP)[:, None] * normals - UP
        linear = -sh_basis(reflected_up)[:, 1:4] * (4 * np.pi / 3)
        sh[:, 1:4] += linear[:, :, None] * np.array([0.16, 0.24, 0.38])
    if name == "knot":  # iridescence: hue follows the squared cosine of the viewing angle
        sh[:, 4:9] += (sh_basis(normals)[:, 4:9] * (4 * np.pi / 5))[:, :, None] * (-0.16, 0.05, 0.2)
    return sh


def demo_part(rng: Generator, name: str, patch: Patch, light: F64) -> dict[str, F64]:
    """All attributes of one object's Gaussians, named as in Splats."""
    n = len(patch.points)
    scales = np.log(0.68 * patch.spacing) + 0.15 * rng.standard_normal((n, 3))
    scales[:, 2] -= 1.8
    sh = demo_sh(name, demo_albedo(name, patch.points), patch.normals, light)
    sh[:, 0] += 0.03 * rng.standard_normal((n, 3))
    sh[:, 1:] += 0.004 * rng.standard_normal((n, 15, 3))
    return {
        "means": patch.points + 0.05 * patch.spacing * rng.standard_normal((n, 3)),
        "log_scales": scales,
        "quats": quats_facing(patch.normals, rng.uniform(0, 2 * np.pi, n))
        * np.exp(0.1 * rng.standard_normal((n, 1))),
        "opacity_logits": 3.6 + 1.2 * rng.standard_normal(n),
        "sh0": sh[:, 0],
        "shN": sh[:, 1:],
    }


def demo_patches(rng: Generator, n: int) -> Iterator[tuple[str, Patch]]:
    """The demo's objects with their shares of n Gaussians."""
    shares = {"knot": 0.3, "sphere": 0.14, "box": 0.16}
    counts = {name: int(n * share) for name, share in shares.items()}
    counts["ground"] = n - sum(counts.values())
    shapes = {"knot": demo_knot, "sphere": demo_sphere, "box": demo_box, "ground": demo_ground}
    for name, count in counts.items():
        points, normals, area = shapes[name](*low_discrepancy(rng, count))
        yield name, Patch(points, normals, float(np.sqrt(area / max(count, 1))))


def make_demo(n: int = 32000, seed: int = 7) -> Splats:
    """A small SH-3 scene worth looking at: torus knot, mirror ball and box on a checkered disc."""
    rng = Generator(PCG64(seed))
    patches = dict(demo_patches(rng, n))
    blockers = np.concatenate([p.points for name, p in patches.items() if name != "ground"])
    parts = []
    for name, patch in patches.items():
        ground = name == "ground"
        light = soft_shadow(patch.points, blockers) if ground else np.ones(len(patch.points))
        parts.append(demo_part(rng, name, patch, light))
    joined = {key: np.concatenate([p[key] for p in parts]) for key in parts[0]}
    return pack_splats(joined, rng.permutation(n))


def demo_cameras(count: int = 12, width: int = 640, height: int = 480) -> list[Camera]:
    """Cameras on a ring around the demo scene, two elevations, 45 degrees high."""
    cameras = []
    target = np.array([0.0, -0.55, 0.05])
    for i in range(count):
        angle, lift = 2 * np.pi * i / count - 1.2, (0.42, 0.62)[i % 2]
        ring = np.array([np.cos(angle) * np.cos(lift), -np.sin(lift), np.sin(angle) * np.cos(lift)])
        forward = -ring
        right = unit(np.cross(forward, UP))
        world_to_camera = np.eye(4)
        world_to_camera[:3, :3] = [right, np.cross(forward, right), forward]
        world_to_camera[:3, 3] = -world_to_camera[:3, :3] @ (target + 4.1 * ring)
        focal = height / 2 / np.tan(np.radians(22.5))
        cameras.append(Camera(world_to_camera, focal, focal, width / 2, height / 2, width, height,
                              f"view_{i:02d}"))
    return cameras


def cameras_json(cameras: list[Camera]) -> list[dict]:
    """Cameras as graphdeco's cameras.json holds them (camera-to-world rotation)."""
    return [
        {
            "id": i, "img_name": c.name, "width": c.width, "height": c.height,
            "position": c.position.tolist(), "rotation": c.world_to_camera[:3, :3].T.tolist(),
            "fy": c.fy, "fx": c.fx,
        }
        for i, c in enumerate(cameras)
    ]


def main() -> None:
    """Write a scene, and its cameras where asked (demo only)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=("synth", "demo"), default="synth")
    parser.add_argument("--gaussians", type=int)
    parser.add_argument("--sh-degree", type=int, default=3, choices=range(4))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--cameras", type=Path, help="also write the demo's cameras.json here")
    args = parser.parse_args()
    if args.cameras and args.kind != "demo":
        parser.error("only the demo scene has cameras of its own")
    from codec.io.ply import write_ply

    if args.kind == "demo":
        scene = make_demo(args.gaussians or 32000, 7 if args.seed is None else args.seed)
        scene = scene.with_sh_degree(args.sh_degree)
    else:
        seed = SYNTH_SEED if args.seed is None else args.seed
        scene = make_synth(args.gaussians or 300000, args.sh_degree, seed)
    write_ply(args.out, scene, overwrite=True)
    if args.cameras:
        args.cameras.write_text(json.dumps(cameras_json(demo_cameras()), indent=1) + "\n")
    print(f"{args.out}: {scene.n_gaussians} Gaussians, SH degree {scene.sh_degree}")


if __name__ == "__main__":
    main()
