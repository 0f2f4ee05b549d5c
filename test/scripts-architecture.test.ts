/** The rules of what Node runs as it is: scripts/, bench/ and simulate/. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const MAX_LINES = 250;
const MAX_FILES_IN_FOLDER = 15;
/** Run by npm before packages are installed, on a Node that may be too old for TypeScript. */
const JAVASCRIPT = ["scripts/assets.mjs", "scripts/install.mjs"];
/** Files and folders that are bundled before they run, so they import from src as src does. */
const BUNDLED = [
  "bench/archive/project.ts",
  "bench/cost/worker/entry.ts",
  "bench/entry/",
  "bench/risk/project.ts",
  "bench/worker-entry.ts",
  "scripts/archive/bundled/",
  "scripts/generated/served-document.ts",
];
const isBundled = (file: string) => BUNDLED.some((path) => file.startsWith(path));

/** Adapters for generated clients, each compiled beside its client. */
const ADAPTERS = "scripts/test-clients/adapters/";
/** A folder may import from itself and from these. */
const MAY_IMPORT: Record<string, string[]> = {
  scripts: [],
  bench: ["scripts"],
  simulate: ["scripts"],
};

const files = Object.keys(MAY_IMPORT)
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(folder, name),
    ),
  )
  .filter((file) => /\.[a-z]*[jt]sx?$/.test(file) && !file.startsWith(ADAPTERS));
const textOf = (file: string) => readFileSync(join(ROOT, file), "utf8");
const topOf = (file: string) => file.split("/")[0] ?? "";

/** What a file imports when it runs, its own modules by their paths below the root. */
function importsOf(file: string): string[] {
  const found = textOf(file).matchAll(
    /^(?:import|export) (?!type )(?:[^;]*? from )?"([^"]+)";|import\("([^"]+)"\)/gms,
  );
  return [...found].map(([, path = "", later = ""]) => {
    const name = path || later;
    return name.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), name)) : name;
  });
}

it("Everything that Node runs is TypeScript, except what runs before packages are installed", () => {
  expect(files.filter((file) => !file.endsWith(".ts"))).toEqual(JAVASCRIPT);
});

it("What runs before packages are installed imports only Node and itself", () => {
  const builtin = builtinModules.map((name) => `node:${name}`);
  const others = JAVASCRIPT.flatMap(importsOf).filter(
    (target) => !builtin.includes(target) && !JAVASCRIPT.includes(target),
  );
  expect(others).toEqual([]);
});

it("A script imports each of its own modules with the file extension, as Node requires", () => {
  const wrong = files
    .filter((file) => !isBundled(file))
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => target.includes("/") && existsSync(join(ROOT, dirname(target))))
        .filter((target) => !files.includes(target))
        .map((target) => `${file}: ${target}`),
    );
  expect(wrong).toEqual([]);
});

it("Scripts import neither the bench nor the simulator, and these do not import each other", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => files.includes(target) && topOf(target) !== topOf(file))
      .filter((target) => !MAY_IMPORT[topOf(file)]?.includes(topOf(target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(wrong).toEqual([]);
});

it("No script is longer than 250 lines, and no folder of them has more than 15 files", () => {
  expect(files.filter((file) => textOf(file).split("\n").length > MAX_LINES + 1)).toEqual([]);
  const folders = Map.groupBy(files, dirname);
  const large = [...folders].filter(([, names]) => names.length > MAX_FILES_IN_FOLDER);
  expect(large.map(([folder]) => folder)).toEqual([]);
});
