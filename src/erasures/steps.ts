/** The steps of an erasure. Each does a bounded amount of work that may be repeated, and is stored when it has ended: an object
 *  that is ended anywhere goes on with the step that it was at. */
import type { Config } from "../config";
import { findBook } from "../d1/books/books";
import { readMove } from "../d1/books/moves/directory-moves";
import { findLeftover } from "../d1/books/moves/leftovers";
import { findPointer, followPointers } from "../d1/books/moves/pointers";
import { eraseEarlierTexts } from "../d1/erasure/earlier-texts";
import type { ErasedCustomer } from "../domain/erasure/erase-texts";
import { shardName } from "../domain/identity/id";
import { type Backoff, delayMs } from "../domain/time/backoff";
import type { BookBindings, Env } from "../env";
import { callObject } from "../runtime/object-stub";
import { withTimeout } from "../runtime/with-timeout";
import { FIRST_BOOK } from "../settings";
import { callTransactionOwner } from "../transactions/client";
import type { EraseReply } from "../transactions/rpc";
import { forgetPayments } from "../velocity/client";
import type { ErasedTransaction } from "../webhooks/rpc";
import { listPayments, refreshList } from "./list-payments";
import { type ErasureState, FIRST_PASS, type Progress, type Running } from "./state";

/** Payments that are erased at once. */
const PAYMENTS = 16;
/** Longer than a shard takes, which may read the payment from R2. */
const CALL_LIMIT_MS = 30_000;
/** A segment of some megabytes is read, written and read again. */
const SEGMENT_LIMIT_MS = 120_000;
/** Before payments are tried again that have to wait for an outcome. */
const WAITING: Backoff = { first_ms: 5_000, most_ms: 300_000 };

export type StepDependencies = {
  env: Pick<Env, "TRANSACTIONS" | "WEBHOOKS" | "VELOCITY"> & BookBindings;
  config: Pick<Config, "transaction_shards" | "velocity_shards" | "processor_timeout_ms" | "books">;
  state: ErasureState;
  waitUntil: (work: Promise<unknown>) => void;
  /** The shard of a payment refuses its erasure, or has erased what D1 still lists as before. */
  onRefused: (transactionId: string, code: string) => void;
};

type At<Stage extends Progress["stage"]> = Extract<Progress, { stage: Stage }>;

/** A payment that was answered before the request was created by another machine, whose clock may be ahead by some
 *  milliseconds. */
const CLOCK_DIFFERENCE_MS = 1_000;

/** What a part of the deployment cannot do yet. */
class NotYet extends Error {
  override readonly name = "NotYet";
}

/** Makes the next step and stores it. @returns whether it was the last one. @throws when it has to be repeated */
export async function makeStep(
  dependencies: StepDependencies,
  running: Running,
  nowMs: number,
): Promise<boolean> {
  const { progress, merchant_id, user_id, created_at_ms } = running;
  const through_ms = created_at_ms + CLOCK_DIFFERENCE_MS;
  const customer = { merchant_id, user_id, through_ms };
  switch (progress.stage) {
    case "payments":
      await stepPayments(dependencies, running, progress, customer, nowMs);
      return false;
    case "earlier_events":
      await stepEarlierEvents(dependencies, progress, customer);
      return false;
    case "velocity":
      await stepVelocity(dependencies, progress, customer);
      return false;
    case "archive":
      return stepArchive(dependencies, progress, customer);
  }
}

/** Erases payments that were found, or else reads the next page of the list. The stage ends with a pass through the list that
 *  finds none. */
async function stepPayments(
  dependencies: StepDependencies,
  running: Running,
  progress: At<"payments">,
  customer: ErasedCustomer,
  nowMs: number,
): Promise<void> {
  const { state } = dependencies;
  if (progress.resumes) return state.advance({ ...progress, resumes: false }, { resumes: true });
  const due = state.due(PAYMENTS);
  if (due.length > 0) return erasePayments(dependencies, running, progress, due, nowMs);
  if (progress.after === null) {
    await requireOneBook(dependencies, customer);
    await refreshList(dependencies, customer);
  }
  const { ids, next } = await listPayments(dependencies, customer, progress.after);
  const found = state.selectNew(ids);
  const is_new = progress.is_new || found.length > 0;
  if (next) return state.advance({ ...progress, after: next, is_new }, { found });
  const { waits } = progress;
  if (is_new) return state.advance({ ...FIRST_PASS, waits }, { found });
  if (state.countWaiting() === 0) return state.advance(FIRST_OF_EARLIER);
  state.advance(
    { ...FIRST_PASS, waits: waits + 1, resumes: true },
    { due_at_ms: nowMs + delayMs(waits + 1, WAITING) },
  );
}

/** Of a merchant that is being moved, two books have rows, and the ones of one are not erased but deleted. So are those of a
 *  book that was set back to a time before the merchant left it. @throws NotYet */
async function requireOneBook(
  { env, config }: Pick<StepDependencies, "env" | "config">,
  { merchant_id }: ErasedCustomer,
): Promise<void> {
  if (config.books === FIRST_BOOK) return;
  const { book = FIRST_BOOK, move } = await readMove(env.DB, merchant_id);
  if (move && move.phase !== "done") throw new NotYet("the merchant is being moved");
  const own = await followPointers(
    env,
    merchant_id,
    book,
    await findPointer(env, merchant_id, book),
  );
  const leftover = await findLeftover(env, merchant_id, own);
  if (leftover !== undefined) throw new NotYet(`book ${leftover} has rows of before a move`);
}

const FIRST_OF_EARLIER: Progress = { stage: "earlier_events", book: FIRST_BOOK, after: null };

/** Where D1 lists payments that were erased before, it was set back and not yet written again: the next step waits. */
async function erasePayments(
  { env, config, state, waitUntil, onRefused }: StepDependencies,
  { merchant_id, user_id, traceparent, created_at_ms, failures }: Running,
  progress: At<"payments">,
  ids: string[],
  nowMs: number,
): Promise<void> {
  const caller = { env, config, merchant_id, traceparent, waitUntil };
  const erase = (id: string): Promise<EraseReply> =>
    withTimeout(
      CALL_LIMIT_MS,
      callTransactionOwner(caller, id, (owner, address) => owner.erase(address, user_id)),
    );
  const replies = await Promise.all(ids.map(async (id) => ({ id, reply: await erase(id) })));
  const erased: ErasedTransaction[] = [];
  const waiting: string[] = [];
  let transactions = 0;
  for (const { id, reply } of replies) {
    if (!reply.ok) {
      const { code } = reply.refusal;
      // What D1 names and its shard does not have is left to the operator; other reasons pass.
      if (code !== "transaction_not_found") throw new NotYet(code);
      onRefused(id, code);
      waiting.push(id);
    } else if (reply.result === "erased") {
      erased.push({ id, erased_at_ms: reply.erased_at_ms });
      // Nothing of a step that has failed was counted.
      const isRepeated = failures > 0 && reply.erased_at_ms >= created_at_ms;
      if (reply.is_new || isRepeated) transactions += 1;
    } else if (reply.result === "waiting") waiting.push(id);
  }
  const deliveries = await eraseDeliveries(env, merchant_id, erased);
  const done = ids.filter((id) => !waiting.includes(id));
  const counted = { transactions, deliveries };
  if (transactions > 0 || done.length === 0) {
    return state.advance(progress, { waiting, done, counted });
  }
  onRefused(done[0] ?? "", "erased_before");
  const waits = progress.waits + 1;
  const due_at_ms = nowMs + delayMs(waits, WAITING);
  state.advance({ ...progress, waits }, { waiting, done, counted, due_at_ms });
}

async function eraseDeliveries(
  { WEBHOOKS }: Pick<Env, "WEBHOOKS">,
  merchantId: string,
  erased: ErasedTransaction[],
): Promise<number> {
  if (erased.length === 0) return 0;
  const options = { limit_ms: CALL_LIMIT_MS };
  const changed = await callObject(WEBHOOKS, merchantId, (one) => one.erase(erased), options);
  if (changed === null) throw new NotYet("deliveries of an earlier release are being moved");
  return changed;
}

/** In every book: only one has rows of the merchant, unless it was moved. */
async function stepEarlierEvents(
  { env, config, state }: StepDependencies,
  { book, after }: At<"earlier_events">,
  customer: ErasedCustomer,
): Promise<void> {
  const { next } = await eraseEarlierTexts(findBook(env, book), customer, after);
  const isLast = next === null && book >= config.books;
  state.advance(
    isLast
      ? { stage: "velocity", shard: 0, after: null }
      : { stage: "earlier_events", book: next === null ? book + 1 : book, after: next },
  );
}

async function stepVelocity(
  { env, config, state }: StepDependencies,
  { shard, after }: At<"velocity">,
  customer: ErasedCustomer,
): Promise<void> {
  const { deleted, next } = await forgetPayments(env.VELOCITY, shard, customer, after);
  const isLast = !next && shard + 1 >= config.velocity_shards;
  state.advance(
    isLast ? FIRST_OF_ARCHIVE : { stage: "velocity", shard: next ? shard : shard + 1, after: next },
    { counted: { counted_payments: deleted } },
  );
}

const FIRST_PLACE = { at_ms: 0, segment: 0 };
const FIRST_OF_ARCHIVE: At<"archive"> = { stage: "archive", shard: 0, after: FIRST_PLACE };

/** @returns whether nothing is left */
async function stepArchive(
  { env, config, state }: StepDependencies,
  { shard, after }: At<"archive">,
  customer: ErasedCustomer,
): Promise<boolean> {
  if (shard >= config.transaction_shards) {
    await requireOneBook({ env, config }, customer);
    return true;
  }
  const name = shardName(shard);
  const { segments, objects, current, next } = await callObject(
    env.TRANSACTIONS,
    name,
    (owner) => owner.eraseArchived({ ...customer, shard: name, after }),
    { limit_ms: SEGMENT_LIMIT_MS },
  );
  // Payments that the list did not have.
  if (current.length > 0) state.advance(FIRST_PASS, { found: current });
  else {
    state.advance(
      next ? { stage: "archive", shard, after: next } : { ...FIRST_OF_ARCHIVE, shard: shard + 1 },
      { counted: { segments, objects } },
    );
  }
  return false;
}
