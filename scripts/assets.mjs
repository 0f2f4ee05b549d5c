// Copies the interactive docs' script, styles and icon out of the npm package into public/,
// where the Worker serves them from. They stay out of git: the lock file already names them.
// install.mjs imports it, so it is JavaScript as well.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FILES = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];

// Compared by content, not by a version stamp: reading both takes about two milliseconds, a
// half-written copy is repaired, and nothing but the three files is ever published.
/**
 * @param {string} source
 * @param {string} target
 */
function same(source, target) {
  return existsSync(target) && readFileSync(source).equals(readFileSync(target));
}

/**
 * Brings `public/docs-assets/` in line with the installed package.
 * @param {string} root is the checkout
 */
export function copyAssets(root) {
  const from = join(root, "node_modules", "swagger-ui-dist");
  const to = join(root, "public", "docs-assets");
  mkdirSync(to, { recursive: true });
  for (const file of FILES) {
    const [source, target] = [join(from, file), join(to, file)];
    if (!same(source, target)) copyFileSync(source, target);
  }
}
