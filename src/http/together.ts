/** Requests that are in this isolate at the same time and ask the same object for the same kind of thing go to
 *  it in one call: a call costs more than what most of them are about. One that comes by itself goes at once.
 *
 *  One request makes the call and wakes the others, which the runtime allows where it lets every promise go on
 *  in the request that made it. It takes care of two things: the promises come from `withResolvers` (one from
 *  `new Promise`, once that is compiled, no longer knows its request), and each request has a timer of its own
 *  running (without one it is taken for hung). */

import type { AppContext } from "../api/context";
import { objectNameFor } from "../domain/identity/id";
import { ageMs } from "../domain/time/clock";
import {
  answerCall,
  type Call,
  type Question,
  type Tell,
  type Told,
} from "../transactions/execute-batch";
import { looksOf, toldOf } from "../transactions/get-many";
import type { Reply } from "../transactions/rpc";
import { addressOf, askOwner, isOverloaded, type Owner, ownerOf } from "./owner";

/** The runtime's word for that. It is so by default, and never in the test runner. */
const RUNTIME = (globalThis as { Cloudflare?: Cloudflare }).Cloudflare;
const CAN_WAKE = RUNTIME?.compatibilityFlags.handle_cross_request_promise_resolution === true;

/** Requests further apart than this go by themselves. */
const NEAR_MS = 2;
/** A turn of the event loop: enough for all whose requests have arrived, and no wait for those who are yet to. */
const GATHER_MS = 0;
/** The request that is to make a call, and has not after so long, is gone. The next one makes it. */
const OVERDUE_MS = 20;
/** Bounds what one call carries: so many bodies of 64 KiB each. */
const MAX_CALLS = 64;
/** Who has been told nothing for so long asks alone. It is more than an object takes when all is well with it. */
const PATIENCE_MS = 5_000;

/** Told nothing, a request asks alone. From `until_ms` on it has done so, or is gone. */
type Waiting = { call: Call; until_ms: number; resolve: (told: Told | undefined) => void };

/** The requests of one kind to one object. */
class Line {
  #waiting: Waiting[] = [];
  /** How many have come and not left. One that is cut off never leaves, so this alone says little. */
  #here = 0;
  #cameAtMs = 0;
  #callDueMs = 0;

  /** @returns whether the request has no other near it */
  come(nowMs: number): boolean {
    const isNear = ageMs(this.#cameAtMs, nowMs) <= NEAR_MS;
    const isAlone = this.#here === 0 || (!isNear && this.#waiting.length === 0);
    this.#cameAtMs = nowMs;
    this.#here += 1;
    return isAlone;
  }

  leave(): void {
    this.#here -= 1;
  }

  /** @returns whether the request is the one to make the call */
  join(waiting: Waiting, nowMs: number): boolean {
    const isToCall = this.#waiting.length === 0 || ageMs(this.#callDueMs, nowMs) > OVERDUE_MS;
    if (isToCall) this.#callDueMs = nowMs;
    this.#waiting.push(waiting);
    return isToCall;
  }

  /** Makes the call, for everybody who has joined when it begins. */
  async call(owner: Owner): Promise<void> {
    await scheduler.wait(GATHER_MS);
    const calls: Promise<void>[] = [];
    const now = Date.now();
    // Nobody's charge is asked for long after.
    const waiting = this.#waiting.splice(0).filter(({ until_ms }) => now < until_ms);
    while (waiting.length > 0) calls.push(callTogether(owner, waiting.splice(0, MAX_CALLS)));
    await Promise.all(calls);
  }
}

/** @param calls all of one kind */
async function ask(owner: Owner, calls: Call[], tell: Tell): Promise<Told[]> {
  if (calls[0]?.kind !== "find") return await owner.together(calls, tell);
  return toldOf(await owner.look(looksOf(calls.map(({ address }) => address))));
}

async function callTogether(owner: Owner, waiting: Waiting[]): Promise<void> {
  const tell = async (group: Told[]) => {
    for (const told of group) waiting[told.at]?.resolve(told);
  };
  try {
    const calls = waiting.map(({ call }) => call);
    await tell(await ask(owner, calls, tell));
  } catch (fault) {
    waiting.forEach(({ resolve }, at) => {
      resolve(isOverloaded(fault) ? { at, fault } : undefined);
    });
  }
}

const lines = new Map<string, Line>();

/** Asks the owner of a transaction, with others if there are any near. Every question may be asked again, and
 *  is asked again alone when nothing came of the shared call. An overloaded object is left alone. */
export async function askTogether(
  c: AppContext,
  transactionId: string,
  question: Question,
): Promise<Reply> {
  const address = addressOf(c, transactionId);
  const alone = () =>
    askOwner(c, transactionId, async (owner) => answerCall(owner, { ...question, address }));
  // An object that has one transaction has no lines.
  if (!CAN_WAKE || address.shards === 0) return alone();
  const name = objectNameFor(transactionId, address.shards);
  const line = lineOf(`${question.kind} ${name}`);
  const now = Date.now();
  try {
    if (line.come(now)) return await alone();
    const { promise, resolve } = Promise.withResolvers<Told | undefined>();
    const patience = patienceMs(c, question);
    const timer = setTimeout(resolve, patience);
    const call = { ...question, address };
    const isToCall = line.join({ call, until_ms: now + patience, resolve }, now);
    // It may have to outlive its own answer.
    if (isToCall) c.executionCtx.waitUntil(line.call(ownerOf(c.env, name)));
    const heard = await promise;
    clearTimeout(timer);
    if (!heard) return await alone();
    if ("fault" in heard) throw heard.fault;
    return heard.reply;
  } finally {
    line.leave();
  }
}

function lineOf(name: string): Line {
  const known = lines.get(name) ?? new Line();
  lines.set(name, known);
  return known;
}

/** The book and the processor take their own time before an answer. */
function patienceMs(c: AppContext, { kind }: Question): number {
  const { book_commit_wait_ms, processor_timeout_ms } = c.get("config");
  const book = kind === "find" ? 0 : book_commit_wait_ms;
  const processor = kind === "process" ? processor_timeout_ms : 0;
  return PATIENCE_MS + book + processor;
}
