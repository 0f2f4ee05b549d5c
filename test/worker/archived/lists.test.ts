/** Lists go on in the archive, in the same order and with the same cursor. */
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { type Client, newClient, problem, TRANSACTIONS } from "../../support/api";
import { archiveEverything, isArchived, segmentOf } from "../../support/archiving";
import { env } from "../../support/env";
import { readAll } from "../../support/list-pages";
import { times } from "../../support/owner";

/** Payments of which some are charged, some cancelled and some still pending, in the order of their creation. */
async function shopWithPayments(): Promise<{ client: Client; made: Transaction[] }> {
  const client = await newClient();
  const made: Transaction[] = [];
  for (const at of times(24, (at) => at)) {
    const { id } = await client.created({ user_id: `u${at % 2}`, amount: 10 + at });
    if (at % 3 === 0) await client.process(id);
    if (at % 3 === 1) await client.cancel(id);
    made.push(await client.find(id));
  }
  await archiveEverything();
  const archived = await Promise.all(made.map(({ id }) => isArchived(id)));
  expect(archived).toEqual(made.map(({ status }) => status !== "pending"));
  return { client, made };
}

describe("a list", () => {
  it("It has hot and archived payments together, in both orders and with every filter", async () => {
    const { client, made } = await shopWithPayments();
    const ids = (list: Transaction[]) => list.map(({ id }) => id);
    const sorted = made.toSorted((one, other) =>
      one.created_at + one.id < other.created_at + other.id ? -1 : 1,
    );
    expect(await readAll(client, "&order=asc")).toEqual(sorted);
    expect(await readAll(client)).toEqual(sorted.toReversed());
    const filters: [string, (one: Transaction) => boolean][] = [
      ["&status=completed", ({ status }) => status === "completed"],
      ["&status=pending", ({ status }) => status === "pending"],
      ["&user_id=u1", ({ user_id }) => user_id === "u1"],
      ["&user_id=u1&status=cancelled", (one) => one.user_id === "u1" && one.status === "cancelled"],
      ["&amount_minor[gte]=2000", ({ amount_minor }) => amount_minor >= 2_000],
      [
        `&created_at[gte]=${sorted[5]?.created_at}&created_at[lt]=${sorted[15]?.created_at}`,
        ({ created_at }) =>
          created_at >= (sorted[5]?.created_at ?? "") &&
          created_at < (sorted[15]?.created_at ?? ""),
      ],
    ];
    for (const [query, matches] of filters) {
      expect(ids(await readAll(client, `&order=asc${query}`)), query).toEqual(
        ids(sorted.filter(matches)),
      );
      expect(ids(await readAll(client, query)), query).toEqual(
        ids(sorted.filter(matches).toReversed()),
      );
    }
  });

  it("A payment that was put back and changed is listed once, as it is now", async () => {
    const { client, made } = await shopWithPayments();
    const [charged] = made;
    const path = `${TRANSACTIONS}/${charged?.id}/refunds`;
    const headers = { "Idempotency-Key": "refund" };
    expect((await client.send(JSON.stringify({ amount: 1 }), headers, path)).status).toBe(201);
    for (const archives of [false, true]) {
      if (archives) await archiveEverything();
      const found = (await readAll(client)).filter(({ id }) => id === charged?.id);
      expect(found.map(({ amount_refunded_minor }) => amount_refunded_minor)).toEqual([100]);
    }
  });

  it("Another merchant's archived payments are not in it", async () => {
    await shopWithPayments();
    expect(await readAll(await newClient())).toEqual([]);
  });

  it("A list that needs a segment that is missing is a 503, and one that needs none is not", async () => {
    const { client, made } = await shopWithPayments();
    const { data } = await segmentOf(made[0]?.id ?? "");
    const bytes = await (await env.ARCHIVE?.get(data))?.arrayBuffer();
    await env.ARCHIVE?.delete(data);
    try {
      const list = await client.get(`${TRANSACTIONS}?limit=100`);
      expect([list.status, (await problem(list)).code]).toEqual([503, "unavailable"]);
      const later = new Date(Date.parse(made.at(-1)?.created_at ?? "") + 1).toISOString();
      expect((await client.get(`${TRANSACTIONS}?created_at[gte]=${later}`)).status).toBe(200);
    } finally {
      if (bytes) await env.ARCHIVE?.put(data, bytes);
    }
    expect(await readAll(client)).toHaveLength(made.length);
  });
});
