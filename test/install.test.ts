/** scripts/install.mjs runs before every script; it must not install again what is there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findMissing } from "../scripts/install.mjs";

const lock = readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8");

it("Packages that npm has installed from the lock count as installed, so npm ci does not run twice", () => {
  expect(findMissing(lock)).toEqual([]);
});

it("A package of another version, and an absent one that is not optional, count as missing", () => {
  const packages = {
    "": {},
    "node_modules/vitest": { version: "0.0.1" },
    "node_modules/no-such-package": { version: "1.0.0" },
    "node_modules/no-such-binary": { version: "1.0.0", optional: true },
  };
  expect(findMissing(JSON.stringify({ packages }))).toEqual([
    "node_modules/vitest",
    "node_modules/no-such-package",
  ]);
});
