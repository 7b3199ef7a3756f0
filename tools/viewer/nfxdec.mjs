#!/usr/bin/env node
/**
 * Command line of the JavaScript decoder: node nfxdec.mjs IN.nfx OUT.ply
 *
 * OUT is a PLY in graphdeco's layout. Exit codes of the specification (R-DEC-02): 0 decoded, 4 format,
 * 5 unsupported, 6 limit; 1 the system refused, 2 usage.
 */

import { readFileSync, writeFileSync } from "node:fs";

import { decode, NfxError } from "./nfx.js";

const EXIT_CODES = { format: 4, unsupported: 5, limit: 6 };

/** Bytes of a graphdeco PLY: f_rest is channel-major, normals are 0. */
export function toPly(scene) {
  const nRest = scene.n > 0 ? scene.shN.length / (3 * scene.n) : (scene.shDegree + 1) ** 2 - 1;
  const names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2",
    ...Array.from({ length: 3 * nRest }, (_, i) => `f_rest_${i}`), "opacity",
    "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"];
  const header = `ply\nformat binary_little_endian 1.0\nelement vertex ${scene.n}\n`
    + names.map((name) => `property float ${name}\n`).join("") + "end_header\n";
  const table = new Uint32Array(scene.n * names.length); // words, so that NaN keep their bits
  let column = 0;
  const put = (array, width, component) => {
    const words = new Uint32Array(array.buffer, array.byteOffset, array.length);
    for (let i = 0, o = column; i < scene.n; i++, o += names.length) {
      table[o] = words[i * width + component];
    }
    column += 1;
  };
  for (let a = 0; a < 3; a++) put(scene.means, 3, a);
  column += 3;
  for (let a = 0; a < 3; a++) put(scene.sh0, 3, a);
  for (let channel = 0; channel < 3; channel++) {
    for (let k = 0; k < nRest; k++) put(scene.shN, 3 * nRest, 3 * k + channel);
  }
  put(scene.opacityLogits, 1, 0);
  for (let a = 0; a < 3; a++) put(scene.logScales, 3, a);
  for (let a = 0; a < 4; a++) put(scene.quats, 4, a);
  return [Buffer.from(header, "latin1"), Buffer.from(table.buffer)];
}

function describeTiers({ tiers, nTiers }) {
  const layers = tiers.map((t) => t.layersDecoded).join(", ");
  return `${layers} layers` + (nTiers > 1 ? ` of ${tiers.length} of ${nTiers} tiers` : "");
}

function main([input, output]) {
  if (!input || !output) {
    console.error("usage: node nfxdec.mjs IN.nfx OUT.ply");
    return 2;
  }
  let bytes;
  try {
    bytes = readFileSync(input);
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  try {
    const scene = decode(bytes);
    writeFileSync(output, Buffer.concat(toPly(scene)));
    if (!scene.complete) console.error(`warning: cut short; ${describeTiers(scene)}`);
    for (const { box, kind } of scene.restorers) {
      console.error(`note: the stream signals a restorer (${box}: ${kind}); the plain scene is given`);
    }
    return 0;
  } catch (error) {
    console.error(`${error.kind ?? error.name}: ${error.message}`);
    return error instanceof NfxError ? EXIT_CODES[error.kind] : 1;
  }
}

process.exitCode = main(process.argv.slice(2));
