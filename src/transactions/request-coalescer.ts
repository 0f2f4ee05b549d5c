/** Request coalescing: requests that are in this isolate at the same time and send the same kind of call to the same
 *  object share one RPC, because an RPC costs more than most of these calls. A request without others near it sends
 *  its call at once.
 *
 *  One request sends the RPC and resolves the promises of the others (`runtime/cross-request.ts`). */
import { ageMs } from "../domain/time/clock";
import { CAN_RESOLVE_OTHERS } from "../runtime/cross-request";
import { isOverloaded, type ObjectStub } from "../runtime/object-stub";
import { toCallResults, toManyAddresses } from "./get-many";
import type { AddressedCall, CallResult, Reply, SendResults, TransactionShardRpc } from "./rpc";

/** Requests do not share an RPC when they arrive further apart than this. */
const NEAR_MS = 2;
/** One turn of the event loop, in which every request that has arrived joins. */
const GATHER_MS = 0;
/** A request that has not sent the RPC after so long was cut off. The next request sends it. */
const OVERDUE_MS = 20;
/** Bounds the size of an RPC: a call has a body of at most 64 KiB. */
const MAX_CALLS = 64;

type Owner = Pick<ObjectStub<TransactionShardRpc>, "getMany" | "executeBatch">;

/** A request that is resolved with undefined makes its call alone. From `until_ms` on it has timed out, or was cut
 *  off. */
type Waiting = {
  call: AddressedCall;
  until_ms: number;
  resolve: (result: CallResult | undefined) => void;
};

/** The requests of one kind to one object. */
class RequestCoalescer {
  #waiting: Waiting[] = [];
  /** Requests that have entered and not left. One that is cut off never leaves, so the number may be too high. */
  #present = 0;
  #enteredAtMs = 0;
  #callDueMs = 0;

  /** @returns whether the request has no other near it */
  enter(nowMs: number): boolean {
    const isNear = ageMs(this.#enteredAtMs, nowMs) <= NEAR_MS;
    const isAlone = this.#present === 0 || (!isNear && this.#waiting.length === 0);
    this.#enteredAtMs = nowMs;
    this.#present += 1;
    return isAlone;
  }

  leave(): void {
    this.#present -= 1;
  }

  /** @returns whether this request is the one to send the RPC */
  join(waiting: Waiting, nowMs: number): boolean {
    const sends = this.#waiting.length === 0 || ageMs(this.#callDueMs, nowMs) > OVERDUE_MS;
    if (sends) this.#callDueMs = nowMs;
    this.#waiting.push(waiting);
    return sends;
  }

  /** Sends the calls of every request that has joined by the time it begins. */
  async send(owner: Owner): Promise<void> {
    await scheduler.wait(GATHER_MS);
    const sent: Promise<void>[] = [];
    const now = Date.now();
    // A call whose request has timed out must not charge anything now.
    const waiting = this.#waiting.splice(0).filter(({ until_ms }) => now < until_ms);
    while (waiting.length > 0) sent.push(sendTogether(owner, waiting.splice(0, MAX_CALLS)));
    await Promise.all(sent);
  }
}

async function sendTogether(owner: Owner, waiting: Waiting[]): Promise<void> {
  const resolveGroup = async (group: CallResult[]) => {
    for (const result of group) waiting[result.at]?.resolve(result);
  };
  try {
    const calls = waiting.map(({ call }) => call);
    await resolveGroup(await execute(owner, calls, resolveGroup));
    for (const { resolve } of waiting) resolve(undefined); // Those without a result.
  } catch (fault) {
    waiting.forEach(({ resolve }, at) => {
      resolve(isOverloaded(fault) ? { at, fault } : undefined);
    });
  }
}

/** @param calls all of one kind */
async function execute(
  owner: Owner,
  calls: AddressedCall[],
  send: SendResults,
): Promise<CallResult[]> {
  if (calls[0]?.kind !== "find") return await owner.executeBatch(calls, send);
  return toCallResults(await owner.getMany(toManyAddresses(calls.map(({ address }) => address))));
}

/** At most one for each shard and kind of call. */
const coalescers = new Map<string, RequestCoalescer>();

export type CoalescedCall = {
  /** Calls of one key may share an RPC. */
  key: string;
  call: AddressedCall;
  /** After so long without a reply the request calls alone. */
  timeout_ms: number;
  /** The call without coalescing. Every call is idempotent, so it may follow a shared one. */
  alone: () => Promise<Reply>;
  owner: () => Owner;
  /** The RPC may have to outlive the request that sends it. */
  waitUntil: (work: Promise<unknown>) => void;
};

/** The reply to a call, which goes in one RPC with those of other requests if there are any near. A call that has no
 *  reply from the shared RPC is made alone, unless the object is overloaded.
 *  @throws the fault of the call */
export async function coalesce(request: CoalescedCall): Promise<Reply> {
  const { key, call, timeout_ms, alone } = request;
  if (!CAN_RESOLVE_OTHERS) return alone();
  const coalescer = coalescerFor(key);
  const now = Date.now();
  try {
    if (coalescer.enter(now)) return await alone();
    const { promise, resolve } = Promise.withResolvers<CallResult | undefined>();
    const timer = setTimeout(resolve, timeout_ms);
    const sends = coalescer.join({ call, until_ms: now + timeout_ms, resolve }, now);
    if (sends) request.waitUntil(coalescer.send(request.owner()));
    const result = await promise;
    clearTimeout(timer);
    if (!result) return await alone();
    if ("fault" in result) throw result.fault;
    return result.reply;
  } finally {
    coalescer.leave();
  }
}

function coalescerFor(key: string): RequestCoalescer {
  const coalescer = coalescers.get(key) ?? new RequestCoalescer();
  coalescers.set(key, coalescer);
  return coalescer;
}
