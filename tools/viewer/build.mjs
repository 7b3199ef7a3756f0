/**
 * Bundles the viewer page into one file that ships with the Python package:
 *
 *     cd tools/viewer && npm install && npm run build
 *
 * Output: codec/cli/viewer.html with three.js, the page and the decoder inside; placeholders for the
 * scenes are filled by codec/cli/viewer.py. Needed only after a change of src/ or nfx.js.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const read = (name) => readFileSync(here(name), "utf8");

const result = await build({
  entryPoints: [here("src/viewer.js")], bundle: true, minify: true, format: "esm", write: false,
  target: "es2022", legalComments: "none",
  banner: { js: `/*! three.js, bundled here:\n${read("node_modules/three/LICENSE")}*/` },
});
const viewer = result.outputFiles[0].text.replaceAll("</script", "<\\/script");
const parts = { "/*NFX-DECODER*/": read("nfx.js"), "/*NFX-VIEWER*/": viewer };
let page = read("src/page.html");
for (const [mark, text] of Object.entries(parts)) page = page.replace(mark, () => text);
writeFileSync(here("../../codec/cli/viewer.html"), page);
console.log(`codec/cli/viewer.html: ${page.length} characters`);
