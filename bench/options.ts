// The command line of the bench: what may be asked for, its defaults, and their check.
import { parseArgs } from "node:util";
import { errorMessage } from "../scripts/processes/errors.ts";
import { CASE_NAMES, type CaseName, OWN_CONNECTIONS, PEER_CASES } from "./cases.ts";
import { BINARIES, DEFAULT_MODE, type Mode } from "./server.ts";

export type Options = {
  mode: Mode;
  workerd: string;
  cases: CaseName[];
  connections: number[];
  /** Whether the connections were given, so that they are those of every case. */
  has_own_connections: boolean;
  shards: number[];
  velocity_shards: number | null;
  measure_ms: number;
  warmup_ms: number;
  log_level: string | null;
  json: string | null;
  peer: boolean;
  /** Whether the bare Worker is compared with the peer, too. */
  bare: boolean;
  rounds: number;
  peer_processes: number;
};

const MODES: Mode[] = ["miniflare", "workerd"];
const DEFAULTS = {
  mode: DEFAULT_MODE as string,
  seconds: "5",
  warmup: "2",
  connections: "1,16,32,64",
  shards: "1,4,16",
  cases: CASE_NAMES.join(","),
  rounds: "1",
  "peer-processes": "1",
};
/** Many short windows that alternate: the machine's other load changes from minute to minute. */
const PEER = {
  seconds: "4",
  warmup: "1",
  connections: "32",
  shards: "16",
  cases: PEER_CASES.join(","),
  rounds: "8",
};
/** About a minute in all, for CI: it shows that the bench runs, and a rough figure. */
const QUICK = { seconds: "3", warmup: "1", connections: "1,32", shards: "1", rounds: "1" };

const USAGE = `usage: npm run bench -- [options]
  --mode miniflare|workerd  what runs the Worker (default workerd where it is installed)
  --workerd PATH            the binary for --mode workerd (default: the installed one)
  --cases a,b               of ${CASE_NAMES.join(", ")} (default: all)
  --connections 1,16,32,64  closed-loop connections, each list entry a run of its own; batch: 8
  --shards 1,4,16           TRANSACTION_SHARDS, each with a fresh server
  --velocity-shards N       VELOCITY_SHARDS (default: the shard count, at most 4)
  --seconds 5 --warmup 2    per case and connection count
  --log-level LEVEL         LOG_LEVEL of the Worker (default: as in wrangler.toml)
  --json FILE               write the results there too
  --peer                    compare with the same calls on Fastify, PostgreSQL and Redis (bench/peer), in windows
                            that alternate; the defaults become ${JSON.stringify(PEER)}
  --bare                    with --peer: also a Worker that has nothing but the same hops and one row (bench/entry/bare-worker.ts)
  --rounds 1                windows of each case, which take turns; the table has the median one of each
  --peer-processes 1        Node processes of the peer
  --quick                   about a minute in all: ${JSON.stringify(QUICK)}
  --help`;

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;

/** Parses the arguments; on nonsense prints the usage and ends the process. */
export function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        mode: text,
        seconds: text,
        warmup: text,
        connections: text,
        shards: text,
        cases: text,
        workerd: text,
        "velocity-shards": text,
        "log-level": text,
        json: text,
        peer: flag,
        bare: flag,
        rounds: text,
        "peer-processes": text,
        quick: flag,
        help: flag,
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    return checked({
      ...DEFAULTS,
      ...(values.peer ? PEER : {}),
      ...(values.quick ? QUICK : {}),
      ...values,
      has_own_connections: values.connections !== undefined,
    });
  } catch (error) {
    console.error(`${errorMessage(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** The connection counts with which a case is run. */
export function connectionsOf(
  { connections, has_own_connections }: Options,
  name: CaseName,
): number[] {
  return (has_own_connections ? undefined : OWN_CONNECTIONS[name]) ?? connections;
}

type Texts = typeof DEFAULTS & {
  workerd?: string;
  "velocity-shards"?: string;
  "log-level"?: string;
  json?: string;
  peer?: boolean;
  bare?: boolean;
  has_own_connections: boolean;
};

function checked(values: Texts): Options {
  const peer = values.peer ?? false;
  const names: CaseName[] = peer ? PEER_CASES : CASE_NAMES;
  const cases = list(values.cases).map((name) => known(name, names, "case"));
  const mode = known(values.mode, MODES, "mode");
  const velocity = values["velocity-shards"];
  return {
    mode,
    workerd: values.workerd ?? BINARIES[mode],
    cases,
    connections: list(values.connections).map((item) => whole(item, 1)),
    has_own_connections: values.has_own_connections,
    shards: list(values.shards).map((item) => whole(item, 0)),
    velocity_shards: velocity === undefined ? null : whole(velocity, 1),
    measure_ms: seconds(values.seconds),
    warmup_ms: seconds(values.warmup),
    log_level: values["log-level"] ?? null,
    json: values.json ?? null,
    peer,
    bare: values.bare ?? false,
    rounds: whole(values.rounds, 1),
    peer_processes: whole(values["peer-processes"], 1),
  };
}

function known<Name extends string>(text: string, names: Name[], what: string): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Error(`there is no ${what} ${text}`);
  return found;
}

function list(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
}

function whole(value: string, least: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least) return number;
  throw new Error(`${value} is not a whole number of at least ${least}`);
}

function seconds(value: string): number {
  const number = Number(value);
  if (number > 0 && number <= 3600) return number * 1000;
  throw new Error(`${value} is not a number of seconds above 0 and up to 3600`);
}
