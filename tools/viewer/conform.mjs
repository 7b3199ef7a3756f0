/**
 * What the JavaScript decoder makes of streams, in the words of the conformance suite. Runs under
 * Node and is imported by browsers. `node conform.mjs WAY FILE ...` prints JSON, one outcome a file;
 * `node conform.mjs serve` answers each stream on standard input (length as u32, then the bytes) with
 * a line of JSON.
 */

import { BytesSource, decode, decodeInWorker, decodeProgressive, NfxError } from "./nfx.js";

const FIELDS = ["means", "logScales", "quats", "opacityLogits", "sh0", "shN"];

async function sha256(parts) {
  const bytes = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function describe(scene) {
  const extra = {};
  for (const [name, column] of Object.entries(scene.extra)) extra[name] = await sha256([column]);
  return {
    sha256: await sha256(FIELDS.map((name) => scene[name])), n_gaussians: scene.n,
    sh_degree: scene.shDegree, complete: scene.complete, extra,
  };
}

async function last(steps) {
  let scene = null;
  for await (const step of steps) scene = step.scene;
  return scene;
}

/** Ways to decode: at once, layer by layer, in a Worker. */
const WAYS = {
  whole: async (bytes) => decode(bytes),
  progressive: (bytes) => last(decodeProgressive(new BytesSource(bytes))),
  worker: (bytes) => last(decodeInWorker(bytes)),
};

/** Outcome of one stream: {sha256, n_gaussians, ...} or {error: class}. */
export async function outcome(bytes, way = "whole") {
  try {
    return await describe(await WAYS[way](bytes));
  } catch (error) {
    return { error: error instanceof NfxError ? error.kind : `${error.name}: ${error.message}` };
  }
}

/** Streams from standard input until it ends, one line of JSON each. */
async function serve() {
  let held = Buffer.alloc(0);
  for await (const part of process.stdin) {
    held = Buffer.concat([held, part]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
      const end = 4 + held.readUInt32LE(0);
      console.log(JSON.stringify(await outcome(new Uint8Array(held.subarray(4, end)))));
      held = held.subarray(end);
    }
  }
}

if (typeof process !== "undefined" && process.argv?.[1]?.endsWith("conform.mjs")) {
  const { readFileSync } = await import("node:fs");
  const [way, ...files] = process.argv.slice(2);
  const found = {};
  for (const file of files) found[file] = await outcome(readFileSync(file), way);
  if (way === "serve") await serve();
  else console.log(JSON.stringify(found));
}
