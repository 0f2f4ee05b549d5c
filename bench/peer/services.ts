// Starts a PostgreSQL and a Redis of their own for the peer: fresh, at their default settings, in `dir`, each at a port
// of its own. Nothing of an installation that already runs on this machine is used or changed.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { freePort } from "../../scripts/processes/free-port.ts";

export type Service = { child: ChildProcess; port: number };

/** Where the packages of Debian and Ubuntu put what belongs to one version of PostgreSQL. */
const DEBIAN = "/usr/lib/postgresql";
/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = ["postgres", "nobody"];
const MISSING = `The peer needs PostgreSQL and Redis. On Debian or Ubuntu:
  apt-get update && apt-get install -y postgresql redis-server`;

/** The programs that the peer needs.
 *  @throws when one is missing, with the command that installs them */
export function findPrograms(): { initdb: string; postgres: string; redis: string } {
  const path = (process.env.PATH ?? "").split(delimiter);
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Boolean) : [];
  const newest = versions.sort((a, b) => b - a).map((version) => join(DEBIAN, `${version}/bin`));
  const find = (name: string) => {
    const found = [...newest, ...path].map((dir) => join(dir, name)).find(existsSync);
    if (found === undefined) throw new Error(`${name} was not found. ${MISSING}`);
    return found;
  };
  return { initdb: find("initdb"), postgres: find("postgres"), redis: find("redis-server") };
}

/** The versions of both, as they print them. */
export function readVersions(): Record<"postgresql" | "redis", string> {
  const { postgres, redis } = findPrograms();
  const ask = (program: string) => spawnSync(program, ["--version"], { encoding: "utf8" }).stdout;
  return { postgresql: ask(postgres).trim(), redis: ask(redis).trim() };
}

/** A new cluster, which accepts connections of this machine only, as user `bench` without a password. */
export async function startPostgres(dir: string): Promise<Service> {
  const { initdb, postgres } = findPrograms();
  const user = process.getuid?.() === 0 ? findUnprivileged() : null;
  const home = join(dir, "postgresql");
  mkdirSync(home, { recursive: true });
  if (user !== null) {
    // The other user has to reach its folder through those of this run.
    for (const outer of [dir, dirname(dir)]) chmodSync(outer, 0o711);
    chownSync(home, user.uid, user.gid);
  }
  const data = join(home, "data");
  const identity = { ...user, cwd: home };
  const made = spawnSync(
    initdb,
    ["-D", data, "-U", "bench", "-A", "trust", "--encoding=UTF8", "--locale=C"],
    { ...identity, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed:\n${made.stdout}${made.stderr}`);
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
  const child = spawn(
    postgres,
    ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
    { ...identity, stdio: ["ignore", "inherit", "inherit"] },
  );
  return { child, port };
}

export async function startRedis(dir: string): Promise<Service> {
  const { redis } = findPrograms();
  const home = join(dir, "redis");
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", home];
  const child = spawn(redis, args, { cwd: home, stdio: ["ignore", "inherit", "inherit"] });
  return { child, port };
}

function findUnprivileged(): { uid: number; gid: number } {
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of UNPRIVILEGED) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`PostgreSQL does not run as root, and there is no user ${UNPRIVILEGED.join()}.`);
}
