/**
 * What a foreign library reads from a .glb with KHR_gaussian_splatting:
 *
 *     node read_glb.mjs playcanvas|babylon|validator FILE.glb
 *
 * Prints JSON: {n, columns: {name: base64 of float32 [n] or [n, k]}} with activated values as glTF has
 * them (linear scales, opacity in 0..1), or what the validator finds. Both engines run their own glTF
 * loader as in a page, on a graphics device that draws nothing.
 */

import { readFileSync, writeFileSync } from "node:fs";

const base64 = (array) =>
  Buffer.from(Float32Array.from(array).buffer).toString("base64");

async function playcanvas(bytes) {
  const pc = await import("playcanvas");
  const canvas = {
    width: 1, height: 1, style: {}, addEventListener() {}, removeEventListener() {},
    getBoundingClientRect: () => ({ left: 0, top: 0, width: 1, height: 1 }),
  };
  const options = new pc.AppOptions();
  options.graphicsDevice = new pc.NullGraphicsDevice(canvas, {});
  options.componentSystems = [pc.GSplatComponentSystem];
  options.resourceHandlers = [
    pc.ContainerHandler, pc.GSplatHandler, pc.TextureHandler, pc.MaterialHandler, pc.RenderHandler,
    pc.AnimationHandler,
  ];
  const app = new pc.AppBase(canvas);
  app.init(options);
  const asset = new pc.Asset("scene", "container", { url: "scene.glb", contents: bytes.buffer });
  app.assets.add(asset);
  const loaded = new Promise((done, failed) => {
    asset.ready(done);
    asset.on("error", (text) => failed(new Error(String(text))));
  });
  app.assets.load(asset);
  await loaded;
  const data = asset.resource.gsplats[0].resource.gsplatData;
  if (!data.activated) throw new Error("values are not activated");
  const columns = {};
  for (const { name, storage } of data.getElement("vertex").properties) {
    columns[name] = base64(storage);
  }
  return { n: data.numSplats, columns };
}

async function babylon(bytes) {
  const { NullEngine } = await import("@babylonjs/core/Engines/nullEngine.js");
  const { Scene } = await import("@babylonjs/core/scene.js");
  const { LoadAssetContainerAsync } = await import("@babylonjs/core/Loading/sceneLoader.js");
  const { GaussianSplattingMesh } = await import(
    "@babylonjs/core/Meshes/GaussianSplatting/gaussianSplattingMesh.js");
  await import("@babylonjs/loaders/glTF/2.0/index.js");
  // The loader hands rows of 32 bytes to the mesh, as in .splat, and SH as bytes; they are taken here.
  let taken = null;
  GaussianSplattingMesh.prototype.updateDataAsync = async (rows, sh, _options, degree) => {
    taken = { rows, sh: sh ?? [], degree: degree ?? 0 };
  };
  const scene = new Scene(new NullEngine());
  scene.useRightHandedSystem = true;
  await LoadAssetContainerAsync(bytes, scene, { pluginExtension: ".glb" });
  const n = taken.rows.byteLength / 32;
  const [floats, raw] = [new Float32Array(taken.rows), new Uint8Array(taken.rows)];
  const wide = (width, at) => {
    const out = new Float32Array(n * width);
    for (let i = 0; i < n; i++) for (let k = 0; k < width; k++) out[i * width + k] = at(i, k);
    return base64(out);
  };
  const bands = 3 * ((taken.degree + 1) ** 2 - 1);
  const textures = taken.sh.map((t) => new Uint8Array(t.buffer ?? t));
  return {
    n,
    columns: {
      means: wide(3, (i, k) => floats[i * 8 + k]),
      scales: wide(3, (i, k) => floats[i * 8 + 3 + k]),
      colours: wide(4, (i, k) => raw[i * 32 + 24 + k] / 255),
      quats: wide(4, (i, k) => (raw[i * 32 + 28 + k] - 127.5) / 127.5),
      shN: wide(bands, (i, k) => (textures[k >> 4][i * 16 + (k & 15)] - 128) / 128),
    },
  };
}

async function validator(bytes) {
  const { validateBytes } = (await import("gltf-validator")).default;
  const { issues } = await validateBytes(bytes, { maxIssues: 0 });
  return { errors: issues.messages.filter((m) => m.severity === 0).map((m) => m.code) };
}

const [reader, file] = process.argv.slice(2);
console.log = () => {}; // engines greet
const bytes = new Uint8Array(readFileSync(file)).slice(); // a buffer of its own
const found = await { playcanvas, babylon, validator }[reader](bytes);
writeFileSync(1, JSON.stringify(found)); // at once: engines keep timers, so the process is ended
process.exit(0);
