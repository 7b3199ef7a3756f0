/**
 * Bundles the viewer page into one file that ships with the Python package:
 *
 *     cd tools/viewer && npm install && npm run build
 *
 * Output: codec/cli/viewer.html with three.js, the page and the decoder inside; placeholders for the
 * scenes are filled by codec/cli/viewer.py. Needed only after a change of src/ or nfx.js; after one of
 * nfx.js alone, `node build.mjs --decoder-only` does without npm.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const read = (name) => readFileSync(here(name), "utf8");

const output = here("../../codec/cli/viewer.html");
if (process.argv.includes("--decoder-only")) {
  const start = '<script type="text/plain" id="nfx-decoder">\n';
  const [before, rest] = readFileSync(output, "utf8").split(start);
  const after = rest.slice(rest.indexOf("\n</script>"));
  writeFileSync(output, before + start + read("nfx.js") + after);
  process.exit();
}

const { build } = await import("esbuild");
const result = await build({
  entryPoints: [here("src/viewer.js")], bundle: true, minify: true, format: "esm", write: false,
  target: "es2022", legalComments: "none",
  banner: { js: `/*! three.js, bundled here:\n${read("node_modules/three/LICENSE")}*/` },
});
const viewer = result.outputFiles[0].text.replaceAll("</script", "<\\/script");
const parts = { "/*NFX-DECODER*/": read("nfx.js"), "/*NFX-VIEWER*/": viewer };
let page = read("src/page.html");
for (const [mark, text] of Object.entries(parts)) page = page.replace(mark, () => text);
writeFileSync(output, page);
console.log(`codec/cli/viewer.html: ${page.length} characters`);
