// A D1 binding that can be made to hang, to answer slowly or to fail while the Worker runs, and that counts what is
// asked of it. It exists only where BENCH_D1_SWITCH is set; the state is that of one isolate.
// This file runs inside workerd.

/** `slow` delays each call at random, some before and some after D1 has executed it. */
export type D1Mode = "normal" | "hang" | "slow" | "fail";

/** `rows_written` as D1 bills them. Calls that failed are counted as calls only. */
export type D1Counts = { calls: number; statements: number; rows_written: number };

type WithDatabase = { DB: D1Database; BENCH_D1_SWITCH?: string };

/** D1 ends a query after 30 seconds. */
const D1_LIMIT_MS = 30_000;
const HANG_POLL_MS = 100;

let mode: D1Mode = "normal";
let slowest_ms = 0;
const counts: D1Counts = { calls: 0, statements: 0, rows_written: 0 };

/** Takes effect at once, also for calls that hang: these fail. `most_ms` is the longest delay of `slow`. */
export function setD1Mode(wanted: D1Mode, most_ms: number): void {
  mode = wanted;
  slowest_ms = most_ms;
}

export function readD1Counts(): D1Counts {
  return { ...counts };
}

const switched = new WeakMap<object, object>();

/** The same bindings with the switch in front of D1; as they are without BENCH_D1_SWITCH. */
export function switchD1<Env extends WithDatabase>(env: Env): Env {
  if (env.BENCH_D1_SWITCH === undefined) return env;
  const known = switched.get(env) ?? { ...env, DB: switchDatabase(env.DB) };
  switched.set(env, known);
  return known as Env; // It is stored by the environment that it was made from.
}

function switchDatabase(real: D1Database): D1Database {
  return {
    prepare: (query) => new SwitchedStatement(real.prepare(query)),
    batch: (statements) =>
      through(() => real.batch(statements.map((one) => (one as SwitchedStatement).real))),
    exec: (query) => through(() => real.exec(query)),
    dump: () => through(() => real.dump()),
    withSession() {
      throw new Error("the bench's switch has no sessions");
    },
  };
}

class SwitchedStatement implements D1PreparedStatement {
  readonly real: D1PreparedStatement;

  constructor(real: D1PreparedStatement) {
    this.real = real;
  }

  bind(...values: unknown[]) {
    return new SwitchedStatement(this.real.bind(...values));
  }

  first<Row>(column?: string) {
    return through(() => (column === undefined ? this.real.first<Row>() : this.real.first(column)));
  }

  run<Row>() {
    return through(() => this.real.run<Row>());
  }

  all<Row>() {
    return through(() => this.real.all<Row>());
  }

  // biome-ignore lint/suspicious/noExplicitAny: the platform's type overloads it by the value of an option.
  raw(options?: any): Promise<any> {
    return through(() => this.real.raw(options));
  }
}

async function through<Result>(call: () => Promise<Result>): Promise<Result> {
  counts.calls += 1;
  const delay_ms = mode === "slow" ? Math.random() * slowest_ms : 0;
  const isBefore = Math.random() < 0.5;
  if (mode === "hang") await hang();
  if (mode === "fail") throw new Error("D1_ERROR: the bench lets D1 fail");
  if (delay_ms > 0 && isBefore) await sleep(delay_ms);
  const result = await call();
  count(result);
  if (delay_ms > 0 && !isBefore) await sleep(delay_ms);
  return result;
}

/** Ends with an error, as D1 ends what takes too long, or when the mode has changed. */
async function hang(): Promise<never> {
  const until = Date.now() + D1_LIMIT_MS;
  while (mode === "hang" && Date.now() < until) await sleep(HANG_POLL_MS);
  throw new Error("D1_ERROR: the bench let D1 hang");
}

/** A batch has a result for each statement. */
function count(result: unknown): void {
  for (const one of Array.isArray(result) ? result : [result]) {
    counts.statements += 1;
    counts.rows_written += (one as Partial<D1Result> | null)?.meta?.rows_written ?? 0;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
