// What the clients need on this machine, and where what they install is kept: below .cache/, so that nothing is
// installed for the whole machine and a second run downloads nothing.
import { join } from "node:path";
import { ROOT } from "../install.mjs";
import { runChild } from "../processes/child-process.ts";

const CACHE = join(ROOT, ".cache", "test-clients");
/** Keeps what was generated, for a look at it after a failure. */
export const WORK = join(CACHE, "work");

const PROBE_LIMIT_MS = 60_000;

/** How to see that a tool is there, and what it is. */
const PROBES = {
  python3: { command: ["python3", "-c", "import ensurepip, venv"], what: "Python 3 with venv" },
  go: { command: ["go", "version"], what: "Go" },
  javac: { command: ["javac", "-version"], what: "a JDK" },
  mvn: { command: ["mvn", "-version"], what: "Maven" },
  cargo: { command: ["cargo", "--version"], what: "Rust's cargo" },
  npm: { command: ["npm", "--version"], what: "npm" },
  curl: { command: ["curl", "--version"], what: "curl" },
} as const;

export type Tool = keyof typeof PROBES;

/** What is missing of these tools, in words; empty when all are there. */
export async function findMissing(tools: readonly Tool[]): Promise<string[]> {
  const missing = await Promise.all(
    tools.map(async (tool) => {
      const [command, ...args] = PROBES[tool].command;
      const { code } = await runChild(command, args, { limit_ms: PROBE_LIMIT_MS });
      return code === 0 ? [] : [PROBES[tool].what];
    }),
  );
  return missing.flat();
}

const { MAVEN_OPTS = "" } = process.env;

/** The environment of everything that is installed, compiled and run. */
export const TOOL_ENV = {
  PIP_CACHE_DIR: join(CACHE, "pip"),
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
  // The exact versions of everything that a requirement names by range only.
  PIP_CONSTRAINT: join(ROOT, "scripts", "test-clients", "adapters", "python", "constraints.txt"),
  GOPATH: join(CACHE, "go"),
  GOCACHE: join(CACHE, "go-build"),
  // Go's module cache is read-only otherwise, and `rm -r` fails on it.
  GOFLAGS: "-modcacherw",
  MAVEN_OPTS: `${MAVEN_OPTS} -Dmaven.repo.local=${join(CACHE, "maven")}`.trim(),
  CARGO_HOME: join(CACHE, "cargo"),
  CARGO_TARGET_DIR: join(CACHE, "cargo-target"),
  npm_config_cache: join(CACHE, "npm"),
  // httpx 0.28 refuses the brackets of an IPv6 address in the list that children inherit.
  NO_PROXY: "127.0.0.1",
  no_proxy: "127.0.0.1",
};
