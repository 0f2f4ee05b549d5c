/** Stands in for `src/runtime/with-timeout.ts` in the tests inside workerd (vitest.config.ts says so). On a
 *  busy machine anything may be slow, so no time limit expires here unintended: all of them are very
 *  long, except those that only set a pace, and those that a test ends because what they bound never
 *  answers. */
import { withTimeout as realWithTimeout, TimeoutError } from "../../src/runtime/with-timeout";

export { ignoreTimeout, TimeoutError } from "../../src/runtime/with-timeout";

/** Makes a minute of half a second. */
const FAR_TIMES = 120;
const LOOK_EVERY_MS = 50;
/** What has not looked for so long does not wait any more: its object was aborted, and with it its timer. */
const GONE_AFTER_MS = 5_000;

type Wait = { looked_at_ms: number };

/** Limits after which the caller continues, or retries at no cost. These keep their lengths. */
const PACES = new Set([
  "webhooks/webhook-dispatcher 1000",
  "webhooks/queue/http-attempt 500",
  "webhooks/queue/enqueue 10000",
  "runtime/cache/refreshed-cache 500",
  "transactions/outbox/to-webhooks 4000",
  "transactions/charging/recovery 1000",
]);

/** The files of `src`, by the names that this module uses: `d1/query`. */
const SOURCE_FILES = new Set(
  Object.keys(import.meta.glob("../../src/**/*.ts")).map((path) =>
    path.replace(/^.*\/src\//, "").replace(/\.ts$/, ""),
  ),
);
for (const pace of PACES) checkSourceFile(pace.split(" ")[0] ?? "");

/** Every export of the real module, so that a name which is missing here does not compile. */
type Stub<Name extends keyof typeof import("./with-timeout")> = Name;
export type RealNames = Stub<keyof typeof import("../../src/runtime/with-timeout")>;

/** What waits under a limit now, by the source file whose limit it is. */
const waits = new Map<string, Set<Wait>>();
/** Of which files the limits are to end: how many more at most, and how many have. */
const endings = new Map<string, { left: number; ended: number }>();

/** As in `src/runtime/with-timeout.ts`, but `limitMs` is far away unless a test ends what its caller waits for. */
export async function withTimeout<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  const caller = callerIn(new Error().stack ?? "");
  const own = waits.get(caller) ?? new Set();
  waits.set(caller, own);
  const wait: Wait = { looked_at_ms: Date.now() };
  own.add(wait);
  const { promise: end, reject } = Promise.withResolvers<never>();
  // Each has its own timer: the runtime lets no request settle what another one waits for.
  const timer = setInterval(() => {
    const now = Date.now();
    wait.looked_at_ms = now;
    own.add(wait);
    for (const other of own) if (now - other.looked_at_ms > GONE_AFTER_MS) own.delete(other);
    const ending = endings.get(caller);
    if (!ending || own.size > ending.left) return;
    own.delete(wait);
    ending.left -= 1;
    ending.ended += 1;
    reject(new TimeoutError(`no end within ${limitMs} ms`));
  }, LOOK_EVERY_MS);
  try {
    const times = PACES.has(`${caller} ${limitMs}`) ? 1 : FAR_TIMES;
    return await Promise.race([realWithTimeout(limitMs * times, work), end]);
  } finally {
    clearInterval(timer);
    own.delete(wait);
  }
}

/** The file of `src` that set the limit, like `api/operations/readiness`. Calls of objects pass on their caller's limit. */
function callerIn(stack: string): string {
  return /\/src\/((?!runtime\/object-stub)[\w/-]+)\.ts/.exec(stack)?.[1] ?? "";
}

/** @throws when there is no such file in `src`: it was renamed, and the name here was not */
function checkSourceFile(name: string): void {
  if (!SOURCE_FILES.has(name)) throw new Error(`src/${name}.ts does not exist`);
}

/** How many waits there are now under the limits of a source file. */
export function waitingUnder(caller: string): number {
  checkSourceFile(caller);
  return waits.get(caller)?.size ?? 0;
}

/** Ends what never answers: while `work` goes on, the limits of one source file end as soon as no more than
 *  that is left under them.
 *  @param caller whose limits, like `api/operations/readiness`
 *  @param most how many of its waits never end
 *  @returns how many of them were ended */
export async function endHanging(
  caller: string,
  most: number,
  work: () => Promise<unknown>,
): Promise<number> {
  checkSourceFile(caller);
  const ending = { left: most, ended: 0 };
  endings.set(caller, ending);
  try {
    await work();
    return ending.ended;
  } finally {
    endings.delete(caller);
  }
}
