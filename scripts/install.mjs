// Brings node_modules in line with package-lock.json, so that a fresh clone needs one command.
// It runs before anything is installed, on whatever Node is there: so it imports only Node, and it is JavaScript.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeAssets } from "./assets.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const BIN = join(ROOT, "node_modules", ".bin");
const STAMP = join(ROOT, "node_modules", ".lock-sha256");
const WINDOWS = process.platform === "win32";

// The first one that runs TypeScript files as they are. wrangler declares 22.
const NODE_MIN = "22.18";

/** @param {string} path */
function readOrEmpty(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** @param {string} path */
function installedVersion(path) {
  const manifest = readOrEmpty(join(ROOT, path, "package.json"));
  // npm writes versions into the lock without the "v" that some packages have (@upstash/kafka: v1.3.5).
  return manifest === "" ? null : JSON.parse(manifest).version.replace(/^[\sv=]+/, "");
}

/**
 * The packages of the lock's text that are not installed as it says, by their folders. Someone who ran
 * `npm ci` by hand, perhaps with no network left since, must not wait for a second one. npm's own record
 * says that it finished, but npm rewrites it when only the lock changes. So the packages themselves are read.
 * @param {string} lock
 * @returns {string[]}
 */
export function findMissing(lock) {
  /** @type {Record<string, { version?: string, optional?: boolean }>} */
  const packages = JSON.parse(lock).packages;
  const wanted = Object.entries(packages).filter(([path]) => path !== "");
  return wanted.flatMap(([path, { version, optional }]) => {
    const found = installedVersion(path);
    // Only an optional package, such as another platform's binary, may be absent.
    const isThere = found === null ? optional === true : found === version;
    return isThere ? [] : [path];
  });
}

/** @param {string} lock */
function installedByHand(lock) {
  return (
    existsSync(join(ROOT, "node_modules", ".package-lock.json")) && findMissing(lock).length === 0
  );
}

// npm replaces node_modules, and with it the Node in there, so it has to run on the Node outside.
function outerPath() {
  const paths = (process.env.PATH ?? "").split(delimiter);
  return paths.filter((path) => path !== BIN).join(delimiter);
}

function npmCi() {
  console.log("Installing the packages in package-lock.json; this takes about half a minute.");
  // The tools are development dependencies, which NODE_ENV=production would leave out. The
  // warnings are left out: they are about the Node outside, which the tools do not run on.
  const args = ["ci", "--no-audit", "--no-fund", "--include=dev", "--loglevel=error"];
  const env = { ...process.env, PATH: outerPath() };
  const { status } = spawnSync("npm", args, { cwd: ROOT, env, stdio: "inherit", shell: WINDOWS });
  if (status !== 0) throw new Error("npm ci did not succeed, so there is nothing to run with.");
}

/** The Node that runs wrangler and the scripts: the one that npm brought along, else the one we run on. */
export function projectNode() {
  const brought = join(BIN, "node");
  if (existsSync(brought)) return brought;
  if (process.features.typescript) return process.execPath;
  throw new Error(
    `This project needs Node ${NODE_MIN} or newer; this is ${process.versions.node}.`,
  );
}

/** Installs what package-lock.json lists, unless it is there; throws when it cannot. */
export function install() {
  const lock = readFileSync(join(ROOT, "package-lock.json"), "utf8");
  const digest = createHash("sha256").update(lock).digest("hex");
  if (readOrEmpty(STAMP) !== digest) {
    if (!installedByHand(lock)) npmCi();
    writeFileSync(STAMP, digest);
  }
  projectNode();
  writeAssets(ROOT);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    install();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
