// `.dev.vars`, from which wrangler takes the secrets and settings of a local server. It is read with
// the parser that wrangler bundles, so that both see the same names and values.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "dotenv";
import { ROOT } from "../install.mjs";

const OWNER_ONLY = 0o600;
const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

const pathIn = (folder: string) => join(folder, ".dev.vars");

function readText(path: string): string {
  if (!existsSync(path)) return "";
  const bytes = readFileSync(path);
  if (UTF16_MARKS.some((mark) => bytes.subarray(0, mark.length).equals(mark))) {
    throw new Error(`${path} is UTF-16, which wrangler cannot read. Save it as UTF-8.`);
  }
  return bytes.toString("utf8");
}

/** The variables in the `.dev.vars` of `folder`, as wrangler will see them. */
export function readDevVars(folder = ROOT): Record<string, string> {
  return parse(readText(pathIn(folder)));
}

/** Adds those of `wanted` that are missing; existing entries stay unchanged. */
export function addDevVars(wanted: Record<string, string>, folder = ROOT): void {
  const path = pathIn(folder);
  const text = readText(path);
  const present = parse(text);
  const missing = Object.entries(wanted).filter(([name]) => !(name in present));
  if (missing.length === 0) return;
  const gap = text === "" || /[\r\n]$/.test(text) ? "" : "\n";
  const added = gap + missing.map(([name, value]) => `${name}=${value}\n`).join("");
  const expected = Object.entries({ ...present, ...Object.fromEntries(missing) });
  const found = parse(text + added);
  // A last line such as `NAME:` takes the next line for its value.
  const wrong = expected.find(([name, value]) => found[name] !== value);
  if (wrong) throw new Error(`${path} is malformed where it sets ${wrong[0]}. Correct that line.`);
  appendFileSync(path, added, { mode: OWNER_ONLY });
}
