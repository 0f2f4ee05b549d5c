/** Exports of an archive, read by DuckDB, which has nothing to do with what writes them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, expect, it } from "vitest";
import { type CreatedRange, exportPayments, type Output } from "../scripts/archive/bundled/export";
import { openNdjson } from "../scripts/archive/bundled/ndjson";
import { openParquet } from "../scripts/archive/bundled/parquet";
import { type ArchivedPayment, fromLine, toLine } from "../src/archive/line";
import { currencyDecimals } from "../src/domain/money/currency";
import type { Transaction } from "../src/domain/transaction/transaction";
import { archived, paymentsOf, sealed } from "./support/archive";
import { memoryArchive } from "./support/archive-source";
import { NOW_MS } from "./support/examples";
import { life, refunded } from "./support/lives";

const dir = mkdtempSync(join(tmpdir(), "archive-export-"));
afterAll(() => rmSync(dir, { recursive: true }));
const ALWAYS: CreatedRange = { from: "0000", through: "9999" };
const after = (seconds: number) => new Date(NOW_MS + seconds * 1_000).toISOString();

let files = 0;
const newPath = (ending: string) => join(dir, `${++files}.${ending}`);

/** What a payment is after its last event. */
const stateOf = ({ events }: ArchivedPayment) =>
  JSON.parse(events.at(-1)?.data ?? "") as Transaction; // Our own text.
const idOf = (payment: ArchivedPayment) => stateOf(payment).id;

type Source = Awaited<ReturnType<typeof memoryArchive>>["source"];
async function exported(source: Source, range = ALWAYS, merchant?: string) {
  const path = newPath("ndjson");
  const count = await exportPayments(source, range, merchant, await openNdjson(path));
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  expect(lines).toHaveLength(count);
  return lines.map((line) => fromLine(line, path));
}

it("A segment that is replaced while it is exported is exported as it is then, each payment once", async () => {
  const { source, objects } = await memoryArchive({ a: [parts[0]] });
  const replaced = await memoryArchive({ a: [parts[0].slice(0, 39)] });
  let reads = 0;
  const lines = await exported({
    ...source,
    readSegments: (shard, after) =>
      (reads > 1 ? replaced : { source }).source.readSegments(shard, after),
    readObject: async (key) => {
      reads += 1;
      // The manifest of before is read, and its data is gone.
      if (reads === 2) objects.clear();
      return objects.get(key) ?? replaced.source.readObject(key);
    },
  });
  expect(lines.map(idOf).sort()).toEqual(parts[0].slice(0, 39).map(idOf).sort());
});

async function query(sql: string) {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const reader = await connection.runAndReadAll(sql);
  connection.closeSync();
  return reader.getRowObjectsJson();
}

const payments = paymentsOf(["mer_a", "mer_b"], 100);
const parts = [payments.slice(0, 40), payments.slice(40, 100)] as const;

it("An export has every payment of every shard once, as it is in the archive", async () => {
  const { source } = await memoryArchive({ a: [parts[0]], b: [parts[1]], c: [] });
  const found = await exported(source);
  expect(found).toHaveLength(100);
  expect(new Set(found)).toEqual(new Set(payments));
});

it("An export has the payments that were created in its range, both ends included", async () => {
  const { source, read } = await memoryArchive({ a: [parts[0], parts[1]] });
  const range = { from: after(10), through: after(20) };
  const found = await exported(source, range);
  expect(found.map(idOf).sort()).toEqual(payments.slice(10, 21).map(idOf).sort());
  expect(read.every((key) => key.includes("00000001"))).toBe(true);
  expect(await exported(source, { from: after(39.001), through: after(39.999) })).toEqual([]);
});

it("An export of one merchant has its payments only, and reads no segments of others", async () => {
  const others = paymentsOf(["mer_c"], 3);
  const { source, read } = await memoryArchive({ a: [parts[0], others] });
  const found = await exported(source, ALWAYS, "mer_c");
  expect(new Set(found.map(idOf))).toEqual(new Set(others.map(idOf)));
  expect(read.filter((key) => key.endsWith(".gz"))).toHaveLength(1);
  expect(await exported(source, ALWAYS, "mer_d")).toEqual([]);
});

it("Of a payment that was archived again an export has the newest state", async () => {
  const completed = life("again", "completed");
  const later = refunded(completed, [[100, "succeeded"]]);
  const { source } = await memoryArchive({
    a: [[archived(completed)], [archived(later)], [parts[0][0] as ArchivedPayment]],
  });
  const found = await exported(source);
  expect(found).toHaveLength(2);
  expect(found.find((one) => idOf(one) === later[0]?.transaction_id)).toEqual(archived(later));
});

it.each([
  ["ndjson", openNdjson],
  ["parquet", openParquet],
])(
  "A file of %s has its name only when it is complete, and only its owner reads it",
  async (ending, open) => {
    const path = newPath(ending);
    writeFileSync(path, "of an earlier export");
    const { source } = await memoryArchive({ a: [parts[0]] });
    const output = await open(path);
    const watched: Output = {
      ...output,
      end: async () => {
        expect(readFileSync(path, "utf8")).toBe("of an earlier export");
        await output.end();
      },
    };
    expect(await exportPayments(source, ALWAYS, undefined, watched)).toBe(40);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.part`)).toBe(false);
  },
);

it.each([
  ["ndjson", openNdjson],
  ["parquet", openParquet],
])(
  "An export to %s of an archive that is altered fails, and leaves no file",
  async (ending, open) => {
    const path = newPath(ending);
    const { source, objects } = await memoryArchive({ a: [parts[0], parts[1]] });
    const [key = ""] = [...objects.keys()].filter((one) => one.endsWith(".gz"));
    objects.set(key, (objects.get(key) as Uint8Array).slice(1));
    const output = await open(path);
    const exporting = exportPayments(source, ALWAYS, undefined, output);
    await expect(exporting).rejects.toMatchObject({ kind: "altered", key });
    await output.abandon();
    expect([existsSync(path), existsSync(`${path}.part`)]).toEqual([false, false]);
  },
);

/** Payments of several currencies, up to the largest amount. */
const CURRENCIES = ["USD", "JPY", "KWD", "EUR"];
const AMOUNTS = [1, 10_050, 999_999_999_999_999];
const priced = paymentsOf(["mer_a", "mer_b"], 2_500).map((payment, at) => {
  const change = {
    currency: CURRENCIES[at % CURRENCIES.length] ?? "",
    amount_minor: (AMOUNTS[at % AMOUNTS.length] ?? 0) - (at > 100 ? 0 : at % 2),
    metadata: { order: `"\u2028\\${at}`, emoji: "💶" },
    description: at % 3 === 0 ? null : "Bücher",
  };
  const events = payment.events.map((event) => ({
    ...event,
    data: JSON.stringify({ ...JSON.parse(event.data), ...change }),
  }));
  return { ...payment, events };
});

it("DuckDB reads from Parquet the same counts, sums, decimals and times", async () => {
  const third = (at: number) => priced.slice(at * 1_000, (at + 1) * 1_000);
  const { source } = await memoryArchive({ a: [third(0), third(2)], b: [third(1)] });
  const path = newPath("parquet");
  expect(await exportPayments(source, ALWAYS, undefined, await openParquet(path))).toBe(2_500);
  const states = priced.map(stateOf);

  const sums = await query(`SELECT currency, count(*) AS payments, sum(amount) AS amount,
    sum(amount_minor) AS minor FROM '${path}' GROUP BY currency ORDER BY currency`);
  const expected = [...CURRENCIES].sort().map((currency) => {
    const own = states.filter((state) => state.currency === currency);
    const minor = own.reduce((sum, { amount_minor }) => sum + BigInt(amount_minor), 0n);
    const decimals = currencyDecimals(currency);
    const digits = `${minor * 10n ** BigInt(3 - decimals)}`.padStart(4, "0");
    const amount = `${digits.slice(0, -3)}.${digits.slice(-3)}`;
    return { currency, payments: String(own.length), amount, minor: String(minor) };
  });
  expect(sums).toEqual(expected);

  const rows = await query(`SELECT id, merchant_id, epoch_ms(created_at) AS created,
    epoch_ms(updated_at) AS updated, description, metadata, livemode, fraud_score, version, events
    FROM '${path}'`);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const payment of priced) {
    const { id, created_at, updated_at, description, metadata, livemode, version } =
      stateOf(payment);
    expect(byId.get(id)).toEqual({
      id,
      merchant_id: payment.events[0]?.merchant_id,
      created: String(Date.parse(created_at)),
      updated: String(Date.parse(updated_at)),
      description,
      metadata: JSON.stringify(metadata),
      livemode,
      fraud_score: "0",
      version: String(version),
      events: "3",
    });
  }
});

it("DuckDB finds in Parquet a time with a zone, exact decimals, groups of a thousand rows, and no other columns", async () => {
  const { source } = await memoryArchive({
    a: [priced.slice(0, 1_000)],
    b: [priced.slice(1_000, 1_500)],
  });
  const path = newPath("parquet");
  await exportPayments(source, ALWAYS, undefined, await openParquet(path));
  const described = await query(`DESCRIBE SELECT * FROM '${path}'`);
  const types = Object.fromEntries(described.map((row) => [row.column_name, row.column_type]));
  expect(types).toEqual({
    ...Object.fromEntries(
      "id merchant_id idempotency_key user_id status currency processor processor_reference capture_method risk_decision failure_code dispute_status description metadata"
        .split(" ")
        .map((name) => [name, "VARCHAR"]),
    ),
    ...Object.fromEntries(
      "amount_minor amount_captured_minor amount_refunded_minor fraud_score version events refunds"
        .split(" ")
        .map((name) => [name, "BIGINT"]),
    ),
    ...{ amount: "DECIMAL(18,3)", amount_captured: "DECIMAL(18,3)" },
    ...{ amount_refunded: "DECIMAL(18,3)", livemode: "BOOLEAN" },
    ...{ created_at: "TIMESTAMP WITH TIME ZONE", updated_at: "TIMESTAMP WITH TIME ZONE" },
  });
  const groups = await query(
    `SELECT DISTINCT row_group_id, row_group_num_rows AS rows FROM parquet_metadata('${path}') ORDER BY 1`,
  );
  expect(groups.map(({ rows }) => rows)).toEqual(["1000", "500"]);
});

it("An export without payments is a table without rows", async () => {
  const { source } = await memoryArchive({ a: [] });
  const path = newPath("parquet");
  expect(await exportPayments(source, ALWAYS, undefined, await openParquet(path))).toBe(0);
  expect(await query(`SELECT count(*) AS rows FROM '${path}'`)).toEqual([{ rows: "0" }]);
});

it("DuckDB reads a whole segment as it is in the bucket", async () => {
  const { data } = await sealed(payments);
  const path = newPath("ndjson.gz");
  writeFileSync(path, data);
  const [found] = await query(`SELECT count(*) AS payments, sum(len(events)) AS events,
    sum(transaction.amount_minor) AS minor, count(DISTINCT merchant_id) AS merchants
    FROM read_json('${path}')`);
  expect(found).toEqual({ payments: "100", events: "300", minor: "1005000", merchants: "2" });
  expect(toLine(payments[0] as ArchivedPayment)).toContain('"amount_minor":10050');
});

it("The queries of docs/archive.md count each payment once, in its newest state", async () => {
  const completed = life("again", "completed");
  const later = refunded(completed, [[100, "succeeded"]]);
  const { source, objects } = await memoryArchive({
    a: [[archived(completed)], [archived(later)]],
    b: [priced.slice(0, 40)],
  });
  const place = join(dir, "bucket");
  for (const [key, bytes] of objects) {
    mkdirSync(join(place, dirname(key)), { recursive: true });
    writeFileSync(join(place, key), bytes);
  }
  const path = newPath("parquet");
  await exportPayments(source, ALWAYS, undefined, await openParquet(path));
  const page = readFileSync(join(import.meta.dirname, "../docs/archive.md"), "utf8");
  const [, sql = ""] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
  const statements = sql
    .replace("segments/", `${place}/segments/`)
    .replace("first-quarter.parquet", path)
    .split(/;\s*/)
    .filter((statement) => statement.trim() !== "");
  expect(statements).toHaveLength(2);
  const [ofSegments = [], ofExport = []] = await Promise.all(statements.map(query));
  const counts = Object.fromEntries(ofSegments.map((row) => [row.currency, row.payments]));
  expect(counts).toEqual({ USD: "11", JPY: "10", KWD: "10", EUR: "10" });
  expect(ofExport).toHaveLength(4);
});
