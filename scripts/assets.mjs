// Writes what the Worker serves as files into public/: the interactive docs' script, styles and icon out of their
// npm package, and the console's scripts and styles, built from src/console/browser. They stay out of git.
// install.mjs imports it, so it is JavaScript as well.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const DOCS_FILES = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];
/** One script for each page that has its own, and the styles. */
const CONSOLE_ENTRIES = [
  "console.ts",
  "payments.ts",
  "copy.ts",
  "live.ts",
  "reviews.ts",
  "editor.ts",
  "overview.ts",
  "console.css",
];

/** @typedef {[name: string, content: Uint8Array][]} Files */

/**
 * Makes a folder hold exactly these files. Compared by content, not by a version stamp: reading takes a few
 * milliseconds, and a half-written copy is repaired.
 * @param {string} folder
 * @param {Files} files
 */
function keepFiles(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) {
    const path = join(folder, name);
    const isSame = existsSync(path) && readFileSync(path).equals(content);
    if (!isSame) writeFileSync(path, content);
  }
  const names = files.map(([name]) => name);
  for (const name of readdirSync(folder)) if (!names.includes(name)) rmSync(join(folder, name));
}

/**
 * @param {string} root
 * @returns {Files}
 */
function readDocsFiles(root) {
  const from = join(root, "node_modules", "swagger-ui-dist");
  return DOCS_FILES.map((name) => [name, readFileSync(join(from, name))]);
}

/**
 * @param {string} root
 * @returns {Files}
 */
function buildConsoleFiles(root) {
  const from = join(root, "src/console/browser");
  // Imported late: this module is loaded before there are packages.
  const { buildSync } = createRequire(import.meta.url)("esbuild");
  const { outputFiles } = buildSync({
    entryPoints: CONSOLE_ENTRIES.map((name) => join(from, name)),
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    outdir: join(root, "public/console-assets"),
    external: ["/console/assets/*"],
    write: false,
    logLevel: "error",
  });
  /** @type {Files} */
  const built = outputFiles.map((/** @type {{ path: string, contents: Uint8Array }} */ file) => [
    file.path.split(/[\\/]/).at(-1) ?? "",
    file.contents,
  ]);
  return [...built, ["icon.svg", readFileSync(join(from, "icon.svg"))]];
}

/**
 * Brings `public/` in line with the installed packages and the console's source.
 * @param {string} root is the checkout
 */
export function writeAssets(root) {
  keepFiles(join(root, "public", "docs-assets"), readDocsFiles(root));
  keepFiles(join(root, "public", "console-assets"), buildConsoleFiles(root));
}
