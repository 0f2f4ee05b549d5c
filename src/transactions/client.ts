/** The client of the objects that own transactions. Every command is idempotent, so a call may be repeated. */
import type { Config } from "../config";
import { transactionObjectName } from "../domain/identity/id";
import type { EventRecord } from "../domain/transaction/event";
import type { Refusal } from "../domain/transaction/refusal";
import type { Env } from "../env";
import { callObject, type ObjectStub, objectStub } from "../runtime/object-stub";
import { executeCall } from "./execute-batch";
import { coalesce } from "./request-coalescer";
import type {
  Address,
  AddressedCall,
  CallResult,
  EventRange,
  Outcome,
  Reply,
  SharedCall,
  TransactionRecord,
  TransactionShardRpc,
} from "./rpc";

export { continueInArchive, reachesArchive } from "./archive/merge-pages";
export { refreshBook } from "./refresh-book";

/** A request that calls the owner of a transaction. */
export type Caller = {
  env: Pick<Env, "TRANSACTIONS">;
  config: Pick<Config, "transaction_shards" | "processor_timeout_ms">;
  merchant_id: string;
  /** W3C `traceparent` of the request. */
  traceparent: string | null;
  /** Keeps work going that may outlive the request's response. */
  waitUntil: (work: Promise<unknown>) => void;
};

export type TransactionOwner = ObjectStub<TransactionShardRpc>;

/** The object with a name, for calls that concern no single transaction. */
export function transactionShard(env: Pick<Env, "TRANSACTIONS">, name: string): TransactionOwner {
  return objectStub(env.TRANSACTIONS, name);
}

/** Calls the owner of a transaction, and once more when the platform has moved or restarted it.
 *  @throws the fault of the last call */
export function callTransactionOwner<Value>(
  caller: Caller,
  transactionId: string,
  call: (owner: TransactionOwner, address: Address) => Promise<Value>,
): Promise<Value> {
  const address = toAddress(caller, transactionId);
  const name = transactionObjectName(transactionId, address.shards);
  return callObject(caller.env.TRANSACTIONS, name, (owner) => call(owner, address));
}

/** The same for calls that may share one RPC with those of other requests to the same object.
 *  @throws the fault of the last call */
export function callTransactionOwnerShared(
  caller: Caller,
  transactionId: string,
  shared: SharedCall,
): Promise<Reply> {
  const call = { ...shared, address: toAddress(caller, transactionId) };
  const alone = () =>
    callTransactionOwner(caller, transactionId, async (owner) => executeCall(owner, call));
  // An object that owns one transaction has no other callers.
  if (call.address.shards === 0) return alone();
  const name = transactionObjectName(transactionId, call.address.shards);
  return coalesce({
    key: `${isProcessed(shared) ? "process" : shared.kind} ${name}`,
    call,
    timeout_ms: timeoutMs(caller, shared),
    alone,
    owner: () => transactionShard(caller.env, name),
    waitUntil: caller.waitUntil,
  });
}

/** The outcome of each call, in order. Calls of one object are executed in the order in which they are given. Never throws: a
 *  fault of an RPC is the outcome of its calls that have none. */
export async function callTransactionOwnersTogether(
  caller: Caller,
  calls: { transaction_id: string; call: SharedCall }[],
): Promise<Outcome[]> {
  const placed = calls.map(({ transaction_id, call }, place) => {
    const address = toAddress(caller, transaction_id);
    return {
      place,
      name: transactionObjectName(transaction_id, address.shards),
      call: { ...call, address },
    };
  });
  const outcomes = new Map<number, Outcome>();
  const groups = Map.groupBy(placed, ({ name }) => name);
  const sent = [...groups].map(async ([name, group]) => {
    const keep = (results: CallResult[]) => {
      for (const { at, ...outcome } of results) {
        const place = group[at]?.place;
        if (place !== undefined) outcomes.set(place, outcome);
      }
    };
    const addressed: AddressedCall[] = group.map(({ call }) => call);
    try {
      keep(
        await callObject(caller.env.TRANSACTIONS, name, (owner: TransactionOwner) =>
          owner.executeBatch(addressed, async (results) => keep(results)),
        ),
      );
    } catch (fault) {
      for (const { place } of group) if (!outcomes.has(place)) outcomes.set(place, { fault });
    }
  });
  await Promise.all(sent);
  return calls.map(
    (_, place) => outcomes.get(place) ?? { fault: new Error("a call without a result") },
  );
}

/** Transactions of any merchant with their refunds, for an operator: one call to each object.
 *  @returns by id; without those that do not exist
 *  @throws RecordsRefused, or the fault of a call */
export async function readRecords(
  { env, config: { transaction_shards: shards } }: Pick<Caller, "env" | "config">,
  transactionIds: Iterable<string>,
): Promise<Map<string, TransactionRecord>> {
  const byObject = Map.groupBy(new Set(transactionIds), (id) => transactionObjectName(id, shards));
  const found = new Map<string, TransactionRecord>();
  const reads = [...byObject].map(async ([name, ids]) => {
    const reply = await callObject(
      env.TRANSACTIONS,
      name,
      (owner: TransactionOwner) => owner.records(shards, ids),
      { limit_ms: OWNER_TIMEOUT_MS },
    );
    if (!reply.ok) throw new RecordsRefused(reply.refusal);
    reply.records.forEach((record, at) => {
      if (record) found.set(ids[at] ?? "", record);
    });
  });
  await Promise.all(reads);
  return found;
}

/** Events of several transactions of the caller's merchant, in one call to each object.
 *  @returns the events that exist, and for each transaction that could not be read the fault of its call */
export async function readEvents(
  { env, config: { transaction_shards: shards }, merchant_id }: Caller,
  ranges: EventRange[],
): Promise<{ events: EventRecord[]; faults: Map<string, unknown> }> {
  const events: EventRecord[] = [];
  const faults = new Map<string, unknown>();
  const byObject = Map.groupBy(ranges, (one) => transactionObjectName(one.transaction_id, shards));
  const reads = [...byObject].map(async ([name, own]) => {
    try {
      const reply = await callObject(
        env.TRANSACTIONS,
        name,
        (owner: TransactionOwner) => owner.eventsOfMany({ shards, merchant_id, ranges: own }),
        { limit_ms: OWNER_TIMEOUT_MS },
      );
      if (!reply.ok) throw new RecordsRefused(reply.refusal);
      events.push(...reply.events);
    } catch (fault) {
      for (const { transaction_id } of own) faults.set(transaction_id, fault);
    }
  });
  await Promise.all(reads);
  return { events, faults };
}

/** An object does not serve the reads of this deployment. */
export class RecordsRefused extends Error {
  override readonly name = "RecordsRefused";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

function toAddress(caller: Caller, transactionId: string): Address {
  return {
    merchant_id: caller.merchant_id,
    transaction_id: transactionId,
    shards: caller.config.transaction_shards,
    traceparent: caller.traceparent,
  };
}

/** Longer than a healthy object takes, apart from the time that a reply waits for the processor. */
const OWNER_TIMEOUT_MS = 5_000;

function timeoutMs({ config }: Caller, shared: SharedCall): number {
  return OWNER_TIMEOUT_MS + (isProcessed(shared) ? config.processor_timeout_ms : 0);
}

function isProcessed(shared: SharedCall): boolean {
  return shared.kind === "process" || (shared.kind === "create" && shared.process === true);
}
