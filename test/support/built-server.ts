/** The Worker as it is deployed, built and alone in a runtime of its own, and asked over a socket that leads
 *  straight to it: what a crowd of requests does to it is not slowed by a development server. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundle, layOut, readMigrations, readProject } from "../../bench/bundle";
import { prepare, startServer } from "../../bench/server";

const ROOT = join(import.meta.dirname, "../..");
const TOKENS = { adminToken: "an-admin-token-for-tests-only-0123456789", benchToken: "tests" };

export type BuiltServer = {
  origin: string;
  /** The keys of two merchants. */
  keys: [string, string];
  adminToken: string;
  /** Ends it and starts it on the same state with other settings, at another origin. */
  restart(settings: Record<string, string>): Promise<void>;
  /** What it has logged since it was last started. */
  log(): string;
  remove(): Promise<void>;
};

/** Builds and starts it on a fresh state.
 *  @param prepareDir is given the folder that the state will be in, before the server starts */
export async function startBuilt(
  settings: Record<string, string>,
  prepareDir: (dir: string) => void = () => {},
): Promise<BuiltServer> {
  const local = join(ROOT, ".wrangler");
  mkdirSync(local, { recursive: true });
  const home = mkdtempSync(join(local, "built-"));
  const dir = join(home, "server");
  const project = readProject(ROOT);
  const worker = await bundle(ROOT, project, join(home, "build"));
  const log = join(home, "log");
  const workerd = join(ROOT, "node_modules/.bin/workerd");
  const start = async (own: Record<string, string>) => {
    const vars = { ...own, ADMIN_TOKEN: TOKENS.adminToken, BENCH_TOKEN: TOKENS.benchToken };
    await layOut({ root: ROOT, dir, worker, project, vars });
    return startServer({ mode: "miniflare", workerd, dir, log });
  };
  prepareDir(dir);
  let server = await start(settings);
  const migrations = await readMigrations(ROOT);
  const first = await prepare(server.origin, { ...TOKENS, migrations });
  const second = await prepare(server.origin, { ...TOKENS, migrations: [] });
  return {
    get origin() {
      return server.origin;
    },
    keys: [first, second],
    adminToken: TOKENS.adminToken,
    async restart(others) {
      await server.end();
      server = await start(others);
    },
    log: () => readFileSync(log, "utf8"),
    async remove() {
      await server.end();
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
