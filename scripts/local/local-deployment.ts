// What a local deployment needs before it can be used: secrets, tables and a demo merchant.
// Each step is skipped when it has been done, so the second start is as quick as wrangler is.
import "../processes/no-local-proxy.ts";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../install.mjs";
import { addDevVars, readDevVars } from "./dev-vars.ts";
import { runWrangler } from "./wrangler.ts";

/** The merchant that `npm start` makes, and its API key. */
export type Demo = { merchant_id: string; key: string };

/** Where the local state of `npm start` lives. Other servers have a directory of their own. */
export const STATE_DIR = resolve(ROOT, process.env.STATE_DIR || join(".wrangler", "state"));

/** Where `npm start` listens, and `npm run listen` beside it. */
export const HOST = "127.0.0.1";
const PORT_DEFAULT = "8787";
const PORT_MAX = 65_535;

const MIGRATIONS = join(ROOT, "migrations");
const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;
const KEY_TRIES = 10;
const KEY_RETRY_MS = 1_000;

/** A port number from text; `name` is what its giver calls it. */
export function parsePort(text: string, name: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= PORT_MAX) return port;
  throw new Error(`${name} must be a number from 1 to ${PORT_MAX}; it is "${text}".`);
}

/** The local API's port, by the environment. */
export function apiPort(): number {
  return parsePort(process.env.PORT || PORT_DEFAULT, "PORT");
}

function readOrEmpty(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Adds to `.dev.vars` what a local server needs and is missing there. */
export function ensureDevVars(): void {
  addDevVars({
    ADMIN_TOKEN: randomBytes(TOKEN_BYTES).toString("base64url"),
    METRICS_TOKEN: randomBytes(TOKEN_BYTES).toString("base64url"),
    // A webhook receiver on this machine has neither a public address nor a certificate.
    ALLOW_INSECURE_WEBHOOKS: "true",
    // A deployment has to choose a processor; the sandbox moves no money.
    PROCESSOR: "sandbox",
  });
}

// wrangler.toml counts too: another database_id is another, empty, local database.
function migrationsDigest(): string {
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
  const files = names
    .sort()
    .map((name): [string, string] => [name, readFileSync(join(MIGRATIONS, name), "utf8")]);
  files.push(["wrangler.toml", readFileSync(join(ROOT, "wrangler.toml"), "utf8")]);
  return createHash("sha256").update(JSON.stringify(files)).digest("hex");
}

/** The bindings of the books in wrangler.toml, outside of other environments. */
function bookBindings(): string[] {
  const config = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const found = config.matchAll(/^\[\[d1_databases\]\]\s+binding = "(DB|BOOK_\d+)"/gm);
  return [...found].flatMap(([, name]) => name ?? []);
}

/** Applies the migrations to each local database in `state`, when they changed since the last time. */
export async function migrate(state = STATE_DIR): Promise<void> {
  const digest = migrationsDigest();
  const stamp = join(state, "migrations.sha256");
  if (existsSync(join(state, "v3", "d1")) && readOrEmpty(stamp) === digest) return;
  for (const binding of bookBindings()) {
    const apply = ["d1", "migrations", "apply", binding, "--local", "--persist-to", state];
    const { code, said } = await runWrangler(apply);
    if (code !== 0) throw new Error(`${said}\nThe database migrations could not be applied.`);
  }
  mkdirSync(state, { recursive: true });
  writeFileSync(stamp, digest);
}

async function create<Created>(url: string, body: object): Promise<Created> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${readDevVars().ADMIN_TOKEN}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  if (response.status === 201) return (await response.json()) as Created;
  throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
}

async function keyWorks(base: string, key: string): Promise<boolean> {
  const url = `${base}/api/v1/transactions?limit=1`;
  const ask = () => fetch(url, { headers: { authorization: `Bearer ${key}` } });
  let response = await ask();
  // The very first question to a database that is still opening may come too early.
  for (let tries = 1; response.status === 503 && tries < KEY_TRIES; tries++) {
    await sleep(KEY_RETRY_MS);
    response = await ask();
  }
  if (response.ok) return true;
  if (response.status === 401) return false;
  throw new Error(`GET ${url} answered ${response.status}: ${await response.text()}`);
}

/** The file that keeps the demo merchant beside the data it belongs to. */
export const demoFile = (state = STATE_DIR) => join(state, "demo.json");

/** The demo merchant as `npm start` left it; null before the first one. */
export function readDemo(state = STATE_DIR): Demo | null {
  const text = readOrEmpty(demoFile(state));
  return text === "" ? null : (JSON.parse(text) as Demo);
}

/**
 * The demo merchant. Made through the admin API of the Worker at `base`, once: kept beside the data
 * it belongs to, and created again only when that data no longer exists.
 */
export async function ensureDemo(base: string, state = STATE_DIR): Promise<Demo> {
  const kept = readDemo(state);
  if (kept && (await keyWorks(base, kept.key))) return kept;
  const merchants = `${base}/api/v1/merchants`;
  const merchant = await create<{ id: string }>(merchants, { name: "Demo merchant" });
  const keys = `${merchants}/${merchant.id}/api-keys`;
  const { key } = await create<{ key: string }>(keys, { name: "demo" });
  const demo = { merchant_id: merchant.id, key };
  writeFileSync(demoFile(state), `${JSON.stringify(demo, null, 2)}\n`, { mode: OWNER_ONLY });
  return demo;
}
