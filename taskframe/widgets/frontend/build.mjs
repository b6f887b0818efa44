// Builds ../static from src. The first line of each script says what it was built from: tests/widgets compare.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const out = new URL("../static/", import.meta.url);
const sources = ["package.json", "package-lock.json", "build.mjs", ...readdirSync("src").map((name) => `src/${name}`)].sort();
const hash = createHash("sha256");
for (const name of sources) hash.update(`${name}\n`).update(readFileSync(name)).update("\n");
const of = hash.digest("hex");

mkdirSync(out, { recursive: true });
writeFileSync(new URL("LICENSE-tabulator.txt", out), readFileSync("node_modules/tabulator-tables/LICENSE"));
const { outputFiles } = await build({
  entryPoints: ["src/grid.js", "src/ticks.js"],
  bundle: true, format: "esm", minify: true, target: "es2022", legalComments: "none", write: false, outdir: "out",
});
for (const { path, text } of outputFiles) {
  const name = path.split(/[\\/]/).at(-1);
  const body = text.replace(/\n*$/, "\n");
  const built = createHash("sha256").update(body).digest("hex");
  const licence = name.startsWith("grid") ? "; with Tabulator 6.5.3, MIT, (c) 2015-2026 Oli Folkerd" : "";
  writeFileSync(new URL(name, out), `/* built from ${of}, contents ${built}${licence} */\n${body}`);
  console.log(`${name}: ${(body.length / 1024).toFixed(0)} KB`);
}
