// One build of the Worker, and servers of it that each start with empty storage, a merchant and an API key.
// It must not know what is asked of them.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../scripts/install.mjs";
import { removeAtExit } from "../scripts/processes/remove-at-exit.ts";
import {
  bundle,
  layOut,
  type Migrations,
  type Project,
  readMigrations,
  readProject,
} from "./bundle.ts";
import { BINARIES, DEFAULT_MODE, type Mode, prepare, type Server, startServer } from "./server.ts";

export type Build = { project: Project; worker: string; migrations: Migrations };

export type FreshServer = {
  server: Server;
  /** An API key of a new merchant. */
  key: string;
  adminToken: string;
  /** For the paths of worker-entry.ts. */
  benchToken: string;
  /** Starts it on the same storage with other settings, after it was ended. */
  startAgain: (vars: Record<string, string>) => Promise<Server>;
};

type Start = {
  build: Build;
  /** Where its storage is. */
  dir: string;
  log: string;
  shards: number;
  velocity_shards?: number | null;
  mode?: Mode;
  workerd?: string;
  /** Isolates of the Worker on the same objects and D1; more than one needs mode `miniflare`. */
  isolates?: number;
  vars?: Record<string, string>;
  /** The entry module, below the project's root. */
  entry?: string;
};

/** Logs, which stay, and temporary folders, which do not. */
export const HOME = join(ROOT, ".wrangler/bench");
/** More velocity objects than this buys nothing where all of them share one process. */
const VELOCITY_SHARDS_MOST = 4;
/** Far above what a run makes: no create is blocked for its number, and no request is over a quota. Requests
 *  are counted all the same, as in a deployment. */
const LIMIT_OUT_OF_THE_WAY = "1000000000";

/** A folder of this run that is removed when this process ends, also when a signal ends it. */
export function newRunFolder(): string {
  mkdirSync(HOME, { recursive: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
  return removeAtExit(mkdtempSync(join(HOME, "run-")));
}

export async function buildWorker(dir: string): Promise<Build> {
  const project = readProject(ROOT);
  const worker = await bundle(ROOT, project, join(dir, "build"));
  return { project, worker, migrations: await readMigrations(ROOT) };
}

export function velocityShards(shards: number): number {
  return Math.min(Math.max(shards, 1), VELOCITY_SHARDS_MOST);
}

export async function startFresh({
  build: { project, worker, migrations },
  dir,
  log,
  shards,
  velocity_shards,
  mode = DEFAULT_MODE,
  workerd = BINARIES[mode],
  isolates = 1,
  vars = {},
  entry,
}: Start): Promise<FreshServer> {
  const adminToken = randomBytes(32).toString("hex");
  const benchToken = randomBytes(32).toString("hex");
  const all = {
    TRANSACTION_SHARDS: String(shards),
    VELOCITY_SHARDS: String(velocity_shards ?? velocityShards(shards)),
    MAX_DAILY_TRANSACTIONS: LIMIT_OUT_OF_THE_WAY,
    RATE_LIMIT_REQUESTS: LIMIT_OUT_OF_THE_WAY,
    RATE_LIMIT_LISTS: LIMIT_OUT_OF_THE_WAY,
    ...vars,
    ADMIN_TOKEN: adminToken,
    BENCH_TOKEN: benchToken,
  };
  const own = entry === undefined ? {} : { entry };
  const start = async (changed: Record<string, string>): Promise<Server> => {
    await layOut({ root: ROOT, dir, worker, project, vars: { ...all, ...changed }, ...own });
    return startServer({ mode, workerd, dir, log, isolates });
  };
  const server = await start({});
  const key = await prepare(server.origin, { adminToken, benchToken, migrations });
  return { server, key, adminToken, benchToken, startAgain: start };
}
