/** The counting of `npm run cost`: what it says is what the platform bills. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { type Counts, subtract } from "../../../bench/cost/counts";
import { meterDatabase, meterStorage, readCounts } from "../../../bench/cost/worker/meter";
import { env } from "../../support/env";

const TABLE = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, size INTEGER)";
const INDEX = "CREATE INDEX things_by_name ON things (name)";
const MANY = "INSERT INTO things (name, size) SELECT 'a', value FROM json_each('[1,2,3,4,5]')";

let objects = 0;

/** What `work` costs an object whose storage is counted. */
async function costInObject(
  work: (storage: DurableObjectStorage) => unknown,
): Promise<Counts["shard"]> {
  objects += 1;
  const stub = env.TRANSACTIONS.getByName(`meter ${objects}`);
  return runInDurableObject(stub, async (_, { storage }) => {
    storage.sql.exec(TABLE);
    storage.sql.exec(INDEX);
    meterStorage(storage, "shard");
    const before = readCounts();
    await work(storage);
    await Promise.resolve();
    return subtract(readCounts(), before).shard;
  });
}

describe("in an object's storage", () => {
  it("Each row and each entry of an index is counted when it is written", async () => {
    const cost = await costInObject(({ sql }) => sql.exec(MANY));
    expect(cost).toMatchObject({ rows_written: 10, rows_read: 5, alarms_set: 0, unmetered: 0 });
  });

  it("A deleted row counts once, whatever its indexes", async () => {
    const cost = await costInObject(async ({ sql }) => {
      sql.exec(MANY);
      sql.exec("DELETE FROM things WHERE id <= 3");
    });
    expect(cost.rows_written).toBe(13);
  });

  it("Rows that are read later than the statement begins are counted", async () => {
    const cost = await costInObject(({ sql }) => {
      sql.exec(MANY);
      const cursor = sql.exec<{ size: number }>("SELECT size FROM things");
      let sum = 0;
      for (const { size } of cursor) sum += size;
      expect(sum).toBe(15);
    });
    expect(cost.rows_read).toBe(10);
  });

  it("An alarm that is set counts as a row", async () => {
    const cost = await costInObject(async (storage) => {
      await storage.setAlarm(Date.now() + 3_600_000);
      await storage.deleteAlarm();
    });
    expect(cost).toMatchObject({ rows_written: 2, alarms_set: 2 });
  });

  it("Several statements in one call are reported, because their rows cannot be counted", async () => {
    const cost = await costInObject(({ sql }) => {
      sql.exec(`${MANY}; ${MANY};`);
      sql.exec(`${MANY};`);
    });
    expect(cost.unmetered).toBe(1);
  });

  it("The size of the database is reported", async () => {
    const cost = await costInObject(({ sql }) => {
      sql.exec("INSERT INTO things (name, size) SELECT hex(randomblob(100000)), 1");
    });
    expect(cost.bytes).toBeGreaterThan(200_000);
  });
});

describe("in D1", () => {
  const db = meterDatabase(env.DB);
  beforeEach(async () => {
    await env.DB.exec("DROP TABLE IF EXISTS things");
    await env.DB.exec(TABLE);
    await env.DB.exec(INDEX);
  });

  /** What `work` costs. */
  async function cost(work: () => Promise<unknown>): Promise<Counts["d1"]> {
    const before = readCounts();
    await work();
    return subtract(readCounts(), before).d1;
  }

  it("A call and its rows are counted however its result is read", async () => {
    const select = db.prepare("SELECT id, name FROM things WHERE id > ? ORDER BY id").bind(3);
    expect(await cost(() => db.prepare(MANY).run())).toMatchObject({
      requests: 1,
      rows_written: 10,
    });
    const rows = [
      [4, "a"],
      [5, "a"],
    ];
    expect(await select.raw()).toEqual(rows);
    expect(await select.first()).toEqual({ id: 4, name: "a" });
    expect(await select.first("id")).toBe(4);
    const reads = [
      () => select.all(),
      () => select.run(),
      () => select.raw(),
      () => select.first(),
      () => select.first("id"),
    ];
    for (const read of reads) {
      expect(await cost(read)).toMatchObject({ requests: 1, rows_read: 2 });
    }
  });

  it("A batch is one call, with the rows of all its statements", async () => {
    const batch = () => db.batch([db.prepare(MANY), db.prepare("DELETE FROM things")]);
    expect(await cost(batch)).toMatchObject({ requests: 1, rows_written: 15 });
  });
});
