/** The archive's routes: segments of the shards and objects of the bucket, for operators. */
import { beforeAll, expect, it } from "vitest";
import { manifestKey } from "../../../../src/archive/manifest";
import { paymentsOf } from "../../../support/archive";
import { Chains } from "../../../support/archive-chain";
import {
  ask,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  parametersOf,
  pointersOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import { asAdmin, shop } from "../../../support/shop";

const bucket = env.ARCHIVE as R2Bucket; // wrangler.toml declares it.
const OBJECTS = "/api/v1/operations/archive/objects";
const SEGMENTS = "/api/v1/operations/archive/segments";
const RESTORE = "/api/v1/operations/archive/restore";
const at = (key: string) => `${OBJECTS}/${encodeURIComponent(key)}`;
type List = { data: { key: string; bytes: number }[]; has_more: boolean };

const chains = new Chains(bucket);
const segment = await chains.seal("shard-0", paymentsOf(["mer_a"], 20));
const keys = [manifestKey(segment.ref), segment.manifest.data.key].sort();
beforeAll(async () => {
  await bucket.put("private/of-another-use", "secret");
});

it("The objects of the archive are listed in the order of their keys, with their sizes", async () => {
  const list = await jsonOf<List>(await asAdmin(OBJECTS));
  const size = async (key: string) => (await bucket.head(key))?.size;
  expect(list).toEqual({
    data: [
      { key: keys[0], bytes: await size(keys[0] ?? "") },
      { key: keys[1], bytes: await size(keys[1] ?? "") },
    ],
    has_more: false,
  });
  const rest = await asAdmin(`${OBJECTS}?after=${encodeURIComponent(keys[0] ?? "")}`);
  expect((await jsonOf<List>(rest)).data.map(({ key }) => key)).toEqual([keys[1]]);
  const end = await asAdmin(`${OBJECTS}?after=${encodeURIComponent(keys[1] ?? "")}`);
  expect((await jsonOf<List>(end)).data).toEqual([]);
});

it("More objects than fit a page follow on the next ones", async () => {
  const many = Array.from(
    { length: 1_001 },
    (_, one) => `segments/shard-9/${String(one).padStart(8, "0")}`,
  );
  for (let first = 0; first < many.length; first += 50) {
    await Promise.all(many.slice(first, first + 50).map((key) => bucket.put(key, "")));
  }
  const found: string[] = [];
  let pages = 0;
  for (let hasMore = true; hasMore; pages++) {
    const after = found.length > 0 ? `?after=${encodeURIComponent(found.at(-1) ?? "")}` : "";
    const { data, has_more } = await jsonOf<List>(await asAdmin(`${OBJECTS}${after}`));
    found.push(...data.map(({ key }) => key));
    hasMore = has_more;
  }
  expect(pages).toBe(2);
  expect(found).toEqual([...keys, ...many]);
});

const info = {
  ...{ shard: "shard-3", number: 8, hash: "a".repeat(64), payments: 5, bytes: 700 },
  ...{ first_created_at_ms: 1_000, last_created_at_ms: 2_500 },
};

it("The segments of a shard are listed after a number, with times as text", async () => {
  const calls: unknown[] = [];
  const getByName = (name: string) => ({
    segments: async (after: number) => {
      calls.push([name, after]);
      return [info];
    },
  });
  const response = await ask(`${SEGMENTS}?shard=3&after=7`, {
    key: env.ADMIN_TOKEN,
    env: { TRANSACTIONS: { getByName } },
  });
  const { shard: _, first_created_at_ms: __, last_created_at_ms: ___, ...rest } = info;
  const times = ["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.500Z"];
  expect(await jsonOf(response)).toEqual({
    data: [{ ...rest, first_created_at: times[0], last_created_at: times[1] }],
    transaction_shards: 16,
  });
  expect(calls).toEqual([["shard-3", 7]]);
  expect(await jsonOf(await asAdmin(SEGMENTS))).toEqual({ data: [], transaction_shards: 16 });
});

it.each([
  ["shard=16", "shard"],
  ["shard=-1", "shard"],
  ["shard=4096", "shard"],
  ["shard=", "shard"],
  ["after=a", "after"],
  ["after=1.5", "after"],
  ["before=1", "before"],
])("Segments with the query %s are refused, and the parameter is named", async (query, name) => {
  const response = await asAdmin(`${SEGMENTS}?${query}`);
  expect(parametersOf(await expectRefusal(response, "invalid_request"))).toEqual([name]);
});

it("Segments of a shard that does not respond are unavailable, and without shards there are none", async () => {
  const getByName = () => ({ segments: () => Promise.reject(new Error("canary-5b1f")) });
  const failing = { key: env.ADMIN_TOKEN, env: { TRANSACTIONS: { getByName } } };
  await expectRefusal(await ask(SEGMENTS, failing), "unavailable");
  const none = { key: env.ADMIN_TOKEN, env: { TRANSACTION_SHARDS: "0" } };
  await expectRefusal(await ask(SEGMENTS, none), "not_found");
});

const restore = (body: unknown, calls: (number: number, untilMs: number) => unknown = () => 5) =>
  ask(RESTORE, {
    key: env.ADMIN_TOKEN,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
    env: {
      TRANSACTIONS: {
        getByName: () => ({ restore: async (...of: [number, number]) => calls(...of) }),
      },
    },
  });

it("A segment is put back for so many days, and for thirty unless said otherwise", async () => {
  const days: number[] = [];
  const count = (number: number, untilMs: number) => {
    days.push(Math.round((untilMs - Date.now()) / 86_400_000));
    return number * 10;
  };
  const sent = { shard: 15, number: 2, days: 7 };
  expect(await jsonOf(await restore(sent, count))).toEqual({ payments: 20 });
  await restore({ shard: 0, number: 1 }, count);
  expect(days).toEqual([7, 30]);
});

it("A segment that a shard does not have is not found, and a shard that fails is unavailable", async () => {
  const sent = { shard: 0, number: 99 };
  const { detail } = await expectRefusal(await restore(sent, () => null), "not_found");
  expect(detail).toBe("Shard 0 has no segment 99.");
  const fails = () => {
    throw new Error("canary-5b1f");
  };
  await expectRefusal(await restore(sent, fails), "unavailable");
});

it.each([
  [{ number: 1 }, "#/shard"],
  [{ shard: 16, number: 1 }, "#/shard"],
  [{ shard: 0.5, number: 1 }, "#/shard"],
  [{ shard: 0 }, "#/number"],
  [{ shard: 0, number: 0 }, "#/number"],
  [{ shard: 0, number: 1, days: 0 }, "#/days"],
  [{ shard: 0, number: 1, days: 366 }, "#/days"],
  [{ shard: 0, number: 1, until: 1 }, "#/until"],
])("A restore of %j is refused, and the member is named", async (sent, pointer) => {
  expect(pointersOf(await expectRefusal(await restore(sent), "invalid_request"))).toEqual([
    pointer,
  ]);
});

it.each([0, 1])("The bytes of an object are those of the bucket (%i)", async (which) => {
  const response = await asAdmin(at(keys[which] ?? ""));
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("application/octet-stream");
  const bytes = new Uint8Array(await response.arrayBuffer());
  const written = [segment.manifest_bytes, segment.data];
  expect(written.some((own) => Buffer.compare(own, bytes) === 0)).toBe(true);
});

it.each([
  "private/of-another-use",
  "segments/shard-0/00000001-0000000000000000.json",
  "segments/../private/of-another-use",
  "segments/shard-9/00000000",
  " ",
])("An object that is not of the archive, such as %s, is not found", async (key) => {
  await expectRefusal(await asAdmin(at(key)), "not_found");
});

it("Only the admin token reads the archive", async () => {
  for (const path of [OBJECTS, at(keys[0] ?? ""), SEGMENTS]) {
    await expectRefusal(await ask(path), "admin_token_invalid");
    await expectRefusal(await ask(path, { key: shop.key }), "admin_token_invalid");
  }
});

it("A wrong query parameter is named", async () => {
  const problem = await expectRefusal(await asAdmin(`${OBJECTS}?from=1`), "invalid_request");
  expect(parametersOf(problem)).toEqual(["from"]);
  const long = await asAdmin(`${OBJECTS}?after=${"a".repeat(201)}`);
  expect(parametersOf(await expectRefusal(long, "invalid_request"))).toEqual(["after"]);
});

it("Without a bucket there is no archive", async () => {
  for (const path of [OBJECTS, at(keys[0] ?? "")]) {
    const response = await ask(path, { key: env.ADMIN_TOKEN, env: { ARCHIVE: undefined } });
    expect((await expectRefusal(response, "not_found")).detail).toContain("ARCHIVE");
  }
});

it("A bucket that fails makes the archive unavailable", async () => {
  const fails = () => Promise.reject(new Error("canary-5b1f"));
  const ARCHIVE = { list: fails, get: fails };
  for (const path of [OBJECTS, at(keys[0] ?? "")]) {
    const response = await ask(path, { key: env.ADMIN_TOKEN, env: { ARCHIVE } });
    await expectRefusal(response, "unavailable");
  }
});

checkWholeFile();
