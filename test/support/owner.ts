/** The object that owns a transaction, its events, and the rows of the book. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, expect } from "vitest";
import { readConfig } from "../../src/config";
import { unpackEvents } from "../../src/d1/events/earlier-events";
import { transactionObjectName } from "../../src/domain/identity/id";
import type { EventRecord } from "../../src/domain/transaction/event";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { TYPE_NUMBERS } from "../../src/transactions/journal/stored-event";
import type { TransactionShard } from "../../src/transactions/transaction-shard";
import { type Client, newClient, TRANSACTIONS } from "./api";
import { env } from "./env";
import { eventually } from "./eventually";

type BookRow = EventRecord & { earlier: string };

export let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

export const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
export function ownerOf(transactionId: string): DurableObjectStub<TransactionShard> {
  return env.TRANSACTIONS.getByName(
    transactionObjectName(transactionId, readConfig(env).transaction_shards),
  );
}

/** Lets the object's alarm ring until the transaction is in `status`, and what else is expected is so. */
export async function ringUntil(
  transactionId: string,
  status: string,
  expectMore: () => Promise<void> = async () => {},
): Promise<Transaction> {
  return eventually(async () => {
    await runDurableObjectAlarm(ownerOf(transactionId)).catch(() => false);
    const transaction = await shop.find(transactionId);
    expect(transaction.status).toBe(status);
    await expectMore();
    return transaction;
  });
}

/** Sets the time of all claims of a transaction. The object has to be restarted to read it. */
export function dateClaims(sql: SqlStorage, transactionId: string, atMs: number): void {
  sql.exec(
    `UPDATE events SET created_at_ms = ?1 WHERE type = ?2
       AND first_position = (SELECT position FROM events WHERE transaction_id = ?3)`,
    atMs,
    TYPE_NUMBERS["transaction.processing"],
    transactionId,
  );
}

export async function eventTypes(id: string): Promise<string[]> {
  const { data } = (await (await shop.get(`${TRANSACTIONS}/${id}/events`)).json()) as {
    data: { type: string; sequence: number; id: string }[];
  };
  data.forEach(({ sequence, id: eventId }, index) => {
    expect(sequence).toBe(index + 1);
    expect(eventId).toBe(`evt_${id.slice(4)}_${index + 1}`);
  });
  return data.map(({ type }) => type);
}

/** A transaction's row in D1 and its events there, each as a row of its own, once D1 has all that is committed. */
export async function bookRows(id: string) {
  await ownerOf(id).refreshBook(null);
  const [transactions, events] = await env.DB.batch([
    env.DB.prepare("SELECT * FROM transactions WHERE id = ?").bind(id),
    env.DB.prepare(
      "SELECT *, created_at AS created_at_ms FROM events WHERE transaction_id = ? ORDER BY position",
    ).bind(id),
  ]);
  return {
    transactions: (transactions?.results ?? []) as Record<string, unknown>[],
    events: ((events?.results ?? []) as BookRow[]).flatMap(unpackEvents),
  };
}
