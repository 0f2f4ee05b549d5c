/** What a page of the delivery log reads, in a dispatcher that has very many deliveries. */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { Leases } from "../../../src/webhooks/leases";
import { type DeliveryFilter, MAX_EXAMINED } from "../../../src/webhooks/rpc";
import { DeliveryLog } from "../../../src/webhooks/store/delivery-log";
import { type Client, newClient } from "../../support/api";
import { env } from "../../support/env";

const DELIVERIES = 30_000;
const LIMIT = 10;
/** One delivery more than the page has is read to see whether a next page exists. */
const MOST_READ = 2 * MAX_EXAMINED + LIMIT + 1;

const VALUES = {
  endpoint_id: ["whe_many", "whe_one", "whe_none"],
  status: ["succeeded", "pending", "dead"],
  event_type: ["transaction.created", "rare", "none"],
  transaction_id: ["txn_many", "txn_one", "txn_none"],
} as const;
/** All of them together: each member left out or one of its values. */
const FILTERS = Object.entries(VALUES).reduce<DeliveryFilter[]>(
  (filters, [name, values]) =>
    filters.flatMap((filter) => [
      filter,
      ...values.map((value) => ({ ...filter, [name]: value }) as DeliveryFilter),
    ]),
  [{}],
);

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
  await inDispatcher((sql) => {
    sql.exec(
      `WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < ${DELIVERIES})
       INSERT INTO deliveries (id, endpoint_id, message_id, event_type, transaction_id, url, status,
         attempts, tries, created_at, started_at, finished_at, log, body)
       SELECT 'whd_' || n, 'whe_many', n, 'transaction.created', 'txn_many', 'x', 'succeeded', 1, 1,
         1, 1, 1, '[[1,1,1,200,null]]', '{}' FROM many`,
    );
    // The oldest ones are what a walk from the newest comes to last.
    const set = (assignment: string, position: number) =>
      sql.exec(`UPDATE deliveries SET ${assignment} WHERE position = ?`, position);
    set("endpoint_id = 'whe_one', transaction_id = 'txn_one'", 1);
    set("event_type = 'rare'", 2);
    set("status = 'dead'", 3);
    set("status = 'pending', finished_at = NULL", 4);
  });
});

function inDispatcher<Value>(work: (sql: SqlStorage) => Value): Promise<Value> {
  const object = env.WEBHOOKS.getByName(shop.merchant_id);
  return runInDurableObject(object, (_, { storage }) => work(storage.sql));
}

/** Reads pages and counts the rows that each is billed. */
function counted(sql: SqlStorage) {
  let cursors: { rowsRead: number }[] = [];
  const exec = (query: string, ...given: unknown[]) => {
    const cursor = sql.exec(query, ...given);
    cursors.push(cursor);
    return cursor;
  };
  const endpoints = { find: () => undefined };
  const log = new DeliveryLog({ exec } as unknown as SqlStorage, new Leases(), endpoints); // It uses nothing else.
  return (filter: DeliveryFilter, before?: number) => {
    cursors = [];
    const page = log.list(filter, before, LIMIT, Date.now());
    return { page, read: cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0) };
  };
}

describe("a page of the delivery log", () => {
  it("A page of the delivery log reads a bounded number of rows with any filter, also when nothing is found", async () => {
    const tooMuch = await inDispatcher((sql) => {
      const pageOf = counted(sql);
      return FILTERS.flatMap((filter) =>
        [undefined, DELIVERIES / 2, 2].flatMap((before) => {
          const { read } = pageOf(filter, before);
          return read > MOST_READ ? [{ ...filter, before, read }] : [];
        }),
      );
    });
    expect(FILTERS.length).toBe(256);
    expect(tooMuch).toEqual([]);
  });

  it("A page of the delivery log continues below the examined rows until every match has been shown once", async () => {
    const walks: [DeliveryFilter, number[]][] = [
      [{ event_type: "rare" }, [2]],
      [{ status: "pending" }, [4]],
      [{ endpoint_id: "whe_many", event_type: "rare" }, [2]],
      [{ endpoint_id: "whe_one" }, [1]],
      [{ transaction_id: "txn_many", status: "pending" }, [4]],
      [{ event_type: "none" }, []],
    ];
    for (const [filter, expected] of walks) {
      const found = await inDispatcher((sql) => {
        const pageOf = counted(sql);
        const positions: number[] = [];
        let pages = 0;
        let before: number | undefined;
        do {
          const { page } = pageOf(filter, before);
          positions.push(...page.deliveries.map(({ position }) => position));
          before = page.next;
          pages += 1;
        } while (before !== undefined && pages < DELIVERIES);
        return { positions, pages };
      });
      expect(found.positions, JSON.stringify(filter)).toEqual(expected);
      expect(found.pages).toBeLessThanOrEqual(DELIVERIES / MAX_EXAMINED + 1);
    }
  });

  it("A page of the delivery log has a delivery that was given up at once, however much was delivered since", async () => {
    const { page, read } = await inDispatcher((sql) => counted(sql)({ status: "dead" }));
    expect(page.deliveries.map(({ position }) => position)).toEqual([3]);
    expect(page.next).toBeUndefined();
    expect(read).toBeLessThan(10);
  });

  it("A page of the delivery log that has found nothing so far has a cursor to the rest over HTTP", async () => {
    const list = async (at: string) => {
      const path = `/api/v1/webhook-deliveries?event_type=rare${at}`;
      const response = await shop.ask("GET", path);
      expect(response.status).toBe(200);
      return (await response.json()) as { data: object[]; has_more: boolean; next_cursor: string };
    };
    const found: object[] = [];
    let page = await list("");
    expect(page).toMatchObject({ data: [], has_more: true, next_cursor: expect.any(String) });
    while (page.has_more) {
      page = await list(`&cursor=${page.next_cursor}`);
      found.push(...page.data);
    }
    expect(found).toMatchObject([{ id: "whd_2" }]);
    expect(page.next_cursor).toBeNull();
  });
});
