/** D1 is written again by shards with an archive: nothing is counted twice, and lists still go on in the archive. */
import { expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { admin, type Client, newClient, TRANSACTIONS } from "../../support/api";
import { archiveEverything, isArchived } from "../../support/archiving";
import { env } from "../../support/env";
import { times } from "../../support/owner";

async function idsOf(client: Client): Promise<string[]> {
  const response = await client.get(`${TRANSACTIONS}?limit=50`);
  expect(response.status).toBe(200);
  const { data } = (await response.json()) as { data: Transaction[] };
  return data.map(({ id }) => id).toSorted();
}

async function counted(): Promise<unknown> {
  return env.DB.prepare(
    `SELECT (SELECT sum(count) FROM totals) AS totals, (SELECT sum(created) FROM hourly_totals) AS created,
       (SELECT sum(sequence - first + 1) FROM feed_events) AS events`,
  ).first();
}

async function rebuild(): Promise<void> {
  expect((await admin("/api/v1/operations/rebuild-book", undefined, "POST")).status).toBe(202);
  // Each shard delivers first whatever is outstanding.
  await archiveEverything();
}

it("A book that is written again counts no archived payment twice", async () => {
  const client = await newClient();
  const made = await Promise.all(times(12, async () => (await client.created()).id));
  await Promise.all(made.slice(0, 9).map((id) => client.cancel(id)));
  await archiveEverything();
  const archived = await Promise.all(made.map((id) => isArchived(id)));
  expect(archived.filter(Boolean)).toHaveLength(9);
  expect(await idsOf(client)).toEqual(made.toSorted());
  const before = await counted();
  await rebuild();
  expect(await idsOf(client)).toEqual(made.toSorted());
  expect(await counted()).toEqual(before);
});

it("Lists go on in the archive when D1 was set back to a time before the merchant's first payment", async () => {
  const client = await newClient();
  const made = await Promise.all(times(6, async () => (await client.created()).id));
  await Promise.all(made.map((id) => client.cancel(id)));
  await archiveEverything();
  expect(await Promise.all(made.map((id) => isArchived(id)))).toEqual(made.map(() => true));
  await env.DB.prepare("DELETE FROM feeds").run();
  expect(await idsOf(client)).toEqual([]);
  await rebuild();
  expect(await idsOf(client)).toEqual(made.toSorted());
});
