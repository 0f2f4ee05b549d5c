/** The object that owns a transaction, its events, and the rows of the book. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, expect } from "vitest";
import { readConfig } from "../../src/config";
import { type ListedRow, readText } from "../../src/d1/transactions/listed-row";
import { transactionObjectName } from "../../src/domain/identity/id";
import { packId } from "../../src/domain/identity/packed-id";
import { toStatus } from "../../src/domain/transaction/stored/status-numbers";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { TYPE_NUMBERS } from "../../src/transactions/journal/stored-event";
import type { TransactionShard } from "../../src/transactions/transaction-shard";
import { type Client, newClient, TRANSACTIONS } from "./api";
import { isArchived } from "./archiving";
import { env } from "./env";
import { eventually } from "./eventually";

type FeedRow = { first: number; sequence: number };

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

/** A transaction's row in D1 and its events there, once D1 has all that is committed. */
export async function bookRows(id: string) {
  await ownerOf(id).refreshBook(null);
  return readBook(id);
}

type BookRow = { status: string; version: number; data: string };

/** A transaction that has left D1 for the archive, in the form of its row. */
async function readArchived(id: string): Promise<BookRow[]> {
  if (!env.ARCHIVES_BEFORE_CALLS || !(await isArchived(id))) return [];
  const found = await ownerOf(id).records(readConfig(env).transaction_shards, [id]);
  const data = found.ok ? found.records[0]?.transaction : undefined;
  if (data === undefined) return [];
  const { status, version } = JSON.parse(data) as Transaction;
  return [{ status, version, data }];
}

/** A transaction's row in D1, with its status as a word and its whole text, and its events in the feed, in order. */
export async function readBook(id: string, feedTable = "feed_events") {
  const [listed, feed] = await env.DB.batch([
    env.DB.prepare(
      `SELECT *, json_array(form, version, status, user_id, amount_minor, currency, updated_at) AS columns
       FROM listed_transactions WHERE id = ?`,
    ).bind(packId(id)),
    env.DB.prepare(`SELECT first, sequence FROM ${feedTable} WHERE id = ? ORDER BY position`).bind(
      packId(id),
    ),
  ]);
  const rows = (listed?.results ?? []) as (ListedRow & { status: number; version: number })[];
  const transactions = rows.map((row): BookRow => {
    return { ...row, status: toStatus(row.status), data: readText(row) };
  });
  if (transactions.length === 0) transactions.push(...(await readArchived(id)));
  const events = ((feed?.results ?? []) as FeedRow[]).flatMap(({ first, sequence }) =>
    times(sequence - first + 1, (at) => ({ sequence: first + at })),
  );
  return { transactions, events };
}
