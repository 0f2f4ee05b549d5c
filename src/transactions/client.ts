/** The client of the objects that own transactions. Every command is idempotent, so a call may be repeated. */
import type { Config } from "../config";
import { transactionObjectName } from "../domain/identity/id";
import type { Env } from "../env";
import { callObject, type ObjectStub, objectStub } from "../runtime/object-stub";
import { executeCall } from "./execute-batch";
import { coalesce } from "./request-coalescer";
import type { Address, Reply, SharedCall, TransactionShardRpc } from "./rpc";

export { callTransactionOwnersTogether } from "./call-together";
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
    key: `${shared.kind} ${name}`,
    call,
    timeout_ms: timeoutMs(caller, shared),
    alone,
    owner: () => transactionShard(caller.env, name),
    waitUntil: caller.waitUntil,
  });
}

export function toAddress(caller: Caller, transactionId: string): Address {
  return {
    merchant_id: caller.merchant_id,
    transaction_id: transactionId,
    shards: caller.config.transaction_shards,
    traceparent: caller.traceparent,
  };
}

/** Longer than a healthy object takes, apart from the time that a reply waits for the processor. */
const OWNER_TIMEOUT_MS = 5_000;

function timeoutMs({ config }: Caller, { kind }: SharedCall): number {
  const processor = kind === "process" ? config.processor_timeout_ms : 0;
  return OWNER_TIMEOUT_MS + processor;
}
