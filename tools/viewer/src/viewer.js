/**
 * The viewer page: decodes one or two scenes in Workers and shows them while they come, coarse
 * tier and layer first. What tests and pages may use is `window.nfxViewer` (at the end).
 */

import { Scene, Camera as ThreeCamera, WebGLRenderer } from "three";

import { Camera, Controls } from "./camera.js";
import { Splats } from "./splats.js";

const $ = (id) => document.getElementById(id);
const megabytes = (n) => (n < 1e5 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(2)} MB`);
const LAYER_ARRAYS = {
  base: ["means", "logScales", "quats", "opacityLogits", "sh0", "shN"], position: ["means"],
};
/**
 * While the camera moves on a slow machine: resolution, share of the splats, largest first, and the
 * opacity below which the rim of a splat is left out.
 */
const LADDER = [
  { pixels: 1, share: 1, cut: 1 / 255 }, { pixels: 0.75, share: 1, cut: 1 / 255 },
  { pixels: 0.5, share: 1, cut: 0.01 }, { pixels: 0.5, share: 0.4, cut: 0.02 },
  { pixels: 0.4, share: 0.2, cut: 0.03 }, { pixels: 0.3, share: 0.1, cut: 0.03 },
  { pixels: 0.25, share: 0.05, cut: 0.04 },
];
const ALL_SPLATS = 2; // the last step of LADDER that draws them all

const config = JSON.parse($("nfx-config").textContent);
const state = { fly: false, split: 0.5, view: -1, quality: 0, moving: ALL_SPLATS, active: false,
  // frames that were fast, how many it takes to draw more, and whether that was tried last
  fast: 0, patience: 5, tried: false };
const camera = new Camera();
const slots = []; // of each scene: {name, splats, info, stats}
const marks = {}; // milliseconds since the page began, by event

function note(name) {
  marks[name] ??= Math.round(performance.now());
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

function say(text) {
  $("message").textContent = text;
  $("message").hidden = text === "";
}

// -- decoding ------------------------------------------------------------------------------------

/** The decoder's module, and the URL for its workers: from disk, browsers take a data: URL only. */
async function decoderModule() {
  const text = $("nfx-decoder").textContent;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const fromDisk = window.location.protocol === "file:";
  const script = fromDisk ? `data:text/javascript,${encodeURIComponent(text)}` : url;
  return { nfx: await import(url), script };
}

/** Layers of a stream from a Worker, or from this thread where none can start. */
async function* layersOf({ nfx, script }, source, options) {
  let begun = false;
  try {
    for await (const step of nfx.decodeInWorker(source, { ...options, script })) {
      begun = true;
      yield step;
    }
  } catch (error) {
    if (begun || error.kind || typeof source === "string") throw error;
    yield* nfx.decodeProgressive(new nfx.BytesSource(source), options);
  }
}

function bytesOf(id) {
  const element = $(id);
  const text = element.textContent.trim();
  element.remove(); // one copy is enough
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Decodes scene `slot`, giving each layer to the renderer as soon as it is there. */
async function load(slot, decoder) {
  const { source } = slot;
  const given = source.url ?? bytesOf(source.data);
  slot.stats.bytes = source.bytes ?? given.byteLength ?? 0;
  const options = { limits: { views: true }, onHead: (info) => { slot.info = info; refresh(); } };
  for await (const step of layersOf(decoder, given, options)) {
    slot.scene = step.scene;
    if (step.layer === null) {
      slot.stats.done = true;
      slot.stats.bytes ||= step.bytes;
      if (!step.scene.complete) slot.stats.cut = true;
    }
    const known = slot.stats.layers.length > 0;
    if (step.layer === null && known) break;
    slot.stats.layers.push(step.name);
    if (!known) begin(slot);
    slot.splats?.update(step.scene, changedArrays(slot, step, known));
    refresh();
    // The coarse picture first, then the decoder's next layer; tabs in the background do not draw.
    if (!known && slot.splats) await Promise.race([slot.drawn, pause(3000)]);
  }
  note("decoded");
  refresh();
  ask(); // at full resolution now
}

/** Names of the arrays that are new for the renderer; SH are left out as long as they are zero. */
function changedArrays({ stats }, { name, scene }, known) {
  stats.sh ||= name.startsWith("sh-") || scene.profile === "lossless";
  const names = known ? LAYER_ARRAYS[name] ?? ["shN"] : LAYER_ARRAYS.base;
  return stats.sh ? names : names.filter((a) => a !== "shN");
}

/** First arrays of a scene: where is the camera to stand? */
function begin(slot) {
  note("firstLayer");
  if (slot.scene.n === 0) say("This scene is empty: it has 0 Gaussians.");
}

// -- drawing -------------------------------------------------------------------------------------

let renderer = null;
const stage = new Scene();
const noCamera = new ThreeCamera();
let frameAsked = false;
let lastFrame = 0;
let lastMove = -1e9;

function makeRenderer() {
  try {
    const canvas = $("picture");
    const context = canvas.getContext("webgl2", {
      alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true,
    });
    if (!context) return null;
    const made = new WebGLRenderer({ canvas, context });
    made.autoClear = false;
    made.sortObjects = false;
    made.setClearColor(0x000000, 1);
    return made;
  } catch {
    return null;
  }
}

function ask() {
  if (frameAsked || renderer === null) return;
  frameAsked = true;
  requestAnimationFrame(frame);
}

function moved() {
  lastMove = performance.now();
  ask();
}

function frame(now) {
  frameAsked = false;
  const seconds = Math.min((now - lastFrame) / 1000, 0.1);
  const gap = now - lastFrame;
  lastFrame = now;
  const moving = controls.tick(seconds);
  if (moving) lastMove = now;
  const active = now - lastMove < 250;
  choosePixels(active, gap);
  draw();
  if (active || moving) ask(); // else nothing changes until a layer or an order comes, which asks
}

/**
 * Fewer pixels and splats while the camera moves on a slow machine; all of them when it rests. While a
 * scene still decodes, fewer pixels: drawing takes time from the decoder.
 */
function choosePixels(active, gap) {
  if (active && state.active) { // else the gap is no frame's
    const steps = Math.ceil(Math.min(Math.log2(gap / 45), 3));
    if (steps > 0) {
      state.moving = Math.min(state.moving + steps, LADDER.length - 1);
      if (state.tried) state.patience = Math.min(2 * state.patience, 240); // in vain
      state.tried = false;
      state.fast = 0;
    } else if (gap < 20 && ++state.fast >= state.patience) {
      state.tried = true;
      state.moving = Math.max(state.moving - 1, 0);
      state.fast = 0;
    }
  }
  state.active = active;
  const loading = slots.some((s) => !s.stats.done && !s.error);
  state.quality = active ? state.moving : loading ? Math.min(state.moving, ALL_SPLATS) : 0;
}

function resize() {
  const ratio = Math.min(window.devicePixelRatio || 1, 2) * LADDER[state.quality].pixels;
  const [w, h] = [window.innerWidth, window.innerHeight];
  const [pw, ph] = [Math.max(1, Math.round(w * ratio)), Math.max(1, Math.round(h * ratio))];
  const canvas = renderer.domElement;
  if (canvas.width !== pw || canvas.height !== ph) {
    renderer.setPixelRatio(1);
    renderer.setSize(pw, ph, false);
  }
  return [pw, ph];
}

function draw() {
  const [width, height] = resize();
  const lens = camera.intrinsics(width, height);
  const view = camera.view;
  renderer.setScissorTest(false);
  renderer.clear();
  const shown = slots.filter((s) => s.splats);
  const cut = shown.length === 2 ? Math.round(width * state.split) : width;
  shown.forEach((slot, i) => {
    const { splats } = slot;
    const { share, cut: rim } = LADDER[state.quality];
    splats.sortFor({ view, position: camera.position, ticket: camera.ticket, share });
    if (!splats.mesh.visible) return;
    renderer.setScissorTest(false);
    splats.project(renderer, noCamera, { view, ...lens, rim }, width, height);
    if (shown.length === 2) {
      renderer.setScissorTest(true);
      renderer.setScissor(i === 0 ? 0 : cut, 0, i === 0 ? cut : width - cut, height);
    }
    stage.clear();
    stage.add(splats.mesh);
    renderer.render(stage, noCamera);
  });
  noteFirst(shown.filter((s) => s.splats.mesh.visible && !s.first));
}

/** Notes the first picture of scenes, when it is drawn: a pixel read back waits for it. */
function noteFirst(scenes) {
  if (scenes.length === 0) return;
  const gl = renderer.getContext();
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  note("firstPicture");
  for (const slot of scenes) {
    slot.first = { ...LADDER[state.quality], layers: [...slot.stats.layers] };
    slot.wasDrawn();
  }
}

/** Pixels of one scene alone, at full resolution, as RGBA rows from the top. */
function pixelsOf(index, width, height) {
  const { splats } = slots[index];
  renderer.setScissorTest(false);
  renderer.setSize(width, height, false);
  renderer.clear();
  const lens = camera.intrinsics(width, height);
  splats.project(renderer, noCamera, { view: camera.view, ...lens, rim: 1 / 255 }, width, height);
  stage.clear();
  stage.add(splats.mesh);
  renderer.render(stage, noCamera);
  const gl = renderer.getContext();
  const rows = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rows);
  const out = new Uint8Array(rows.length);
  for (let y = 0; y < height; y++) {
    out.set(rows.subarray((height - 1 - y) * width * 4, (height - y) * width * 4), y * width * 4);
  }
  return out;
}

/** PSNR in dB between the pictures of two scenes from the camera as it stands. */
function difference() {
  const [w, h] = [window.innerWidth, window.innerHeight];
  const [a, b] = [pixelsOf(0, w, h), pixelsOf(1, w, h)];
  let sum = 0;
  for (let i = 0; i < a.length; i += 4) {
    for (let c = 0; c < 3; c++) sum += (a[i + c] - b[i + c]) ** 2;
  }
  const mean = sum / ((a.length / 4) * 3);
  ask();
  return mean === 0 ? Infinity : 10 * Math.log10((255 * 255) / mean);
}

// -- panel ---------------------------------------------------------------------------------------

function describeSlot({ name, info, stats, scene, error }) {
  if (error) return `${name}: ${error}`;
  if (!info) return `${name}: reading`;
  const lines = [name, `${info.nGaussians.toLocaleString("en")} Gaussians, SH degree ${info.shDegree}, ${info.profile}`];
  if (stats.bytes && info.nGaussians > 0) {
    const plain = info.nGaussians * 4 * (14 + 3 * ((info.shDegree + 1) ** 2 - 1));
    lines.push(`${megabytes(stats.bytes)}, ${((8 * stats.bytes) / info.nGaussians).toFixed(1)} bits per Gaussian, `
      + `${(plain / stats.bytes).toFixed(1)}x smaller than its float32 values`);
  }
  if (stats.note) lines.push(stats.note);
  lines.push(stats.done && !stats.cut ? "full quality" : describePart(info, stats, scene));
  for (const r of scene?.restorers ?? info.restorers) {
    if (r.box === "REST") lines.push(`signals a restorer (${r.kind}); shown without it`);
  }
  return lines.join("\n");
}

/** What there is of a scene that still comes, or was cut. */
function describePart(info, { cut }, scene) {
  const nTiers = scene?.tiers.length ?? 0;
  const own = info.tiers[Math.max(nTiers, 1) - 1].layers; // of the newest tier on screen
  const there = own.slice(0, scene?.tiers.at(-1)?.layersDecoded ?? 0);
  const layers = cut ? there.join(", ") : there.at(-1) ?? "nothing";
  const tiers = info.nTiers > 1 ? `tier ${nTiers} of ${info.nTiers}, ` : "";
  return `${cut ? "file cut short" : "coarse"}: ${tiers}${layers} of ${own.join(", ")}`;
}

function refresh() {
  $("facts").textContent = slots.map(describeSlot).join("\n\n");
  const views = slots[0]?.info?.views ?? [];
  if ($("views").childElementCount !== views.length) {
    $("views").replaceChildren(...views.map((view, i) => {
      const button = document.createElement("button");
      button.textContent = view.name || `view ${i + 1}`;
      button.title = i < 9 ? `key ${i + 1}` : "";
      button.onclick = () => show(i);
      return button;
    }));
  }
}

function show(i, asked = true) {
  const extent = slots.find((s) => s.splats?.extent)?.splats.extent ?? { centre: [0, 0, 0], radius: 1 };
  const views = slots[0]?.info?.views ?? [];
  if (i >= 0 && i < views.length) {
    const up = [0, 0, 0]; // the mean of all views' up directions
    for (const v of views) for (let a = 0; a < 3; a++) up[a] -= v.worldToCamera[4 + a];
    const norm = Math.hypot(...up);
    if (norm > 0.1 * views.length) camera.up = up.map((v) => v / norm);
    camera.setView(views[i], extent);
  } else camera.setOverview(extent, slots[0]?.scene?.frame ?? 0);
  state.view = i;
  if (asked) moved();
  else ask();
}

function setFly(on) {
  state.fly = on;
  $("mode").textContent = on ? "Fly" : "Orbit";
  $("mode").setAttribute("aria-pressed", String(on));
}

function setSplit(fraction) {
  state.split = Math.min(1, Math.max(0, fraction));
  $("slider").style.left = `${100 * state.split}%`;
  $("slider").setAttribute("aria-valuenow", String(Math.round(100 * state.split)));
  ask();
}

function prepareSlider() {
  const slider = $("slider");
  slider.hidden = false;
  const drag = (e) => { if (slider.hasPointerCapture(e.pointerId)) setSplit(e.clientX / window.innerWidth); };
  slider.addEventListener("pointerdown", (e) => slider.setPointerCapture(e.pointerId));
  slider.addEventListener("pointermove", drag);
  slider.addEventListener("keydown", (e) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[e.code];
    if (step) setSplit(state.split + step);
  });
  $("compare").hidden = false;
  $("compare").onclick = async () => {
    await settled();
    $("psnr").textContent = `${difference().toFixed(1)} dB PSNR between the two from here`;
  };
  setSplit(0.5);
}

function prepareKeys() {
  window.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || e.target.tagName === "INPUT") return;
    if (/^[1-9]$/.test(e.key)) show(Number(e.key) - 1);
    else if (e.key === "0" || e.key === "Home") show(slots[0]?.info?.views?.length ? 0 : -1);
    else if (e.key === "o") show(-1);
    else if (e.key === "f") setFly(!state.fly);
    else if (e.key === "h") $("panel").hidden = !$("panel").hidden;
  });
  $("mode").onclick = () => setFly(!state.fly);
  $("overview").onclick = () => show(-1);
}

// -- start ---------------------------------------------------------------------------------------

let controls = { tick: () => false };

function onSplats(slot, what) {
  if (what === "geometry" && !slot.placed) {
    slot.placed = true;
    if (state.view < 0 && !slots.some((s) => s !== slot && s.placed)) {
      show((slots[0]?.info?.views?.length ?? 0) > 0 ? 0 : -1, false);
    }
  }
  ask();
}

async function start() {
  document.title = config.title;
  prepareKeys();
  renderer = makeRenderer();
  if (renderer === null) {
    say("This page needs WebGL2, which this browser or machine does not offer. The facts are shown without a picture.");
    note("noWebGL2");
  }
  for (const source of config.scenes) {
    const slot = { name: source.name, source, info: null, scene: null, placed: false,
      stats: { bytes: 0, layers: [], done: false, note: source.note ?? "" } };
    slot.drawn = new Promise((resolve) => { slot.wasDrawn = resolve; });
    slot.splats = renderer ? new Splats((what) => onSplats(slot, what)) : null;
    slots.push(slot);
  }
  controls = new Controls($("picture"), camera, state, moved);
  if (slots.length === 2) prepareSlider();
  window.addEventListener("resize", ask);
  $("picture").focus();
  refresh();
  const decoder = await decoderModule();
  await Promise.all(slots.map((slot) => load(slot, decoder).catch((error) => {
    slot.error = error.kind ? `not a usable NFX file (${error.kind}): ${error.message}` : error.message;
    say(`${slot.name}: ${slot.error}`);
    refresh();
  })));
}

/** Resolves when everything is decoded, sorted for the camera as it stands, and drawn. */
async function settled() {
  await ready;
  for (;;) {
    ask();
    await new Promise((resolve) => { requestAnimationFrame(resolve); });
    const idle = performance.now() - lastMove > 300;
    const all = slots.every((s) => !s.splats || s.error || s.scene?.n === 0
      || (s.splats.settled && s.splats.matches({ ticket: camera.ticket, share: 1 })));
    if (renderer === null || (idle && all && !frameAsked)) return;
  }
}

const ready = start();

/** For tests and for pages around this one. */
window.nfxViewer = {
  ready, settled, marks, state, camera, slots, show, setSplit, setFly, difference, choosePixels,
  /** Places the camera: {width, height, fx, fy, cx, cy, worldToCamera: 12 numbers}. */
  setCamera(view) {
    camera.setView(view, slots[0].splats.extent);
    moved();
  },
  /** RGBA bytes of scene `index` from the camera, in base64 (a million pixels are 4 MB). */
  pixels(index, width, height) {
    const bytes = pixelsOf(index, width, height);
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    ask();
    return btoa(text);
  },
  /**
   * Frames per second while the camera circles, each frame waited for, after `warm` seconds in which
   * resolution and share may adapt; {fps, frames, width, share}, of the last frame.
   */
  async benchmark(seconds = 3, adapt = true, warm = 0) {
    await settled();
    const gl = renderer.getContext();
    const began = performance.now() + 1000 * warm;
    let frames = 0;
    while (performance.now() - began < 1000 * seconds) {
      camera.rotate(0.02, 0, true);
      lastMove = performance.now();
      const now = await new Promise((resolve) => { requestAnimationFrame(resolve); });
      choosePixels(adapt, now - lastFrame);
      lastFrame = now;
      draw();
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      frames += now > began ? 1 : 0;
    }
    const { width } = renderer.domElement;
    const fps = (1000 * frames) / (performance.now() - began);
    return { fps, frames, width, share: slots[0].splats.share };
  },
};
