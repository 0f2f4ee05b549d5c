/** Requests with `If-Match`: of another version nothing is changed and the processor is not called, and a repetition is
 *  never refused. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { AddressedCall, CallResult } from "../../../src/transactions/rpc";
import { type Client, freshKey, problem, processorDid, TRANSACTIONS } from "../../support/api";
import { addressOf } from "../../support/money";
import { eventTypes, ownerOf, ringUntil, shop, times } from "../../support/owner";
import { newRuledClient } from "../../support/risk";

/** Its payments above 100 are held. */
let careful: Client;
beforeAll(async () => {
  const large = { id: "large", outcome: "review", when: { amount: { above: "100" } } } as const;
  careful = await newRuledClient({ rules: [large] });
});

const created = async (body: object = {}) => (await shop.created(body)).id;
const processed = async (body: object = {}) => {
  const id = await created(body);
  expect((await shop.process(id)).status).toBe(200);
  return id;
};
const authorized = (metadata: Record<string, string> = {}) =>
  processed({ capture_method: "manual", metadata });
const held = async () => (await careful.created({ amount: 150 })).id;

type Send = (id: string, tag: string | undefined) => Promise<Response>;

/** @param key of a refund, the same for all requests */
const sendTo =
  (call: string, body?: object, client = () => shop, key = freshKey("if-match")): Send =>
  (id, tag) =>
    client().send(
      body && JSON.stringify(body),
      { ...(tag !== undefined && { "If-Match": tag }), "Idempotency-Key": key },
      `${TRANSACTIONS}/${id}/${call}`,
    );

type Case = {
  make: () => Promise<string>;
  send: Send;
  /** The status of the response. */
  made?: number;
  client?: () => Client;
};

const approve = { decision: "approve" };
const CASES: Record<string, Case> = {
  process: { make: created, send: sendTo("process") },
  cancel: { make: created, send: sendTo("cancel") },
  "cancel of an authorization": { make: authorized, send: sendTo("cancel") },
  capture: { make: authorized, send: sendTo("capture", { amount: "4.00" }) },
  refund: { make: processed, send: sendTo("refunds", { amount: "4.00" }), made: 201 },
  review: {
    make: held,
    send: sendTo("review", approve, () => careful),
    client: () => careful,
  },
};

describe("a request with If-Match", () => {
  for (const [name, { make, send, made = 200, client = () => shop }] of Object.entries(CASES)) {
    const found = async (id: string) => {
      const response = await client().get(`${TRANSACTIONS}/${id}`);
      return { tag: response.headers.get("ETag") ?? "", text: await response.text() };
    };

    it(`A ${name} with the tag of another version is a 412 that changes nothing and calls no processor`, async () => {
      const id = await make();
      const before = { ...(await found(id)), did: await processorDid(id) };
      const { version, status } = JSON.parse(before.text) as Transaction;
      for (const tag of [`"${version - 1}"`, `"${version + 1}", "x"`]) {
        const refused = await send(id, tag);
        expect(refused.status).toBe(412);
        const { code, detail, errors } = await problem(refused);
        expect(code).toBe("version_mismatch");
        expect(detail).toContain(`version ${version} and status ${status}`);
        expect(errors).toMatchObject([{ header: "If-Match" }]);
      }
      expect({ ...(await found(id)), did: await processorDid(id) }).toEqual(before);
    });

    it(`A ${name} with the tag of a get is made, and its repetition with that tag gets the same response`, async () => {
      const id = await make();
      const { tag } = await found(id);
      const first = await send(id, `"1000", ${tag}`);
      const text = await first.text();
      expect([first.status, text]).toEqual([made, expect.stringContaining('"id"')]);
      const after = await found(id);
      expect(after.tag).toBe(`"${(JSON.parse(after.text) as Transaction).version}"`);
      expect(after.tag).not.toBe(tag);
      // A refund is not the transaction, so it has no tag of it.
      expect(first.headers.get("ETag")).toBe(made === 201 ? null : after.tag);
      for (const repeated of [tag, '"1000"', "*", undefined]) {
        const again = await send(id, repeated);
        expect([again.status, await again.text()]).toEqual([made, text]);
      }
      expect(await found(id)).toEqual(after);
    });

    it(`A ${name} with * is made of any version`, async () => {
      expect((await send(await make(), " * ")).status).toBe(made);
    });
  }

  it("A request that joins a call under way is not refused, though its version has passed", async () => {
    const id = await created({ metadata: { processor: "slow" } });
    const responses = await Promise.all(times(10, () => CASES.process?.send(id, '"1"')));
    expect(responses.map((response) => response?.status)).toEqual(Array(10).fill(200));
    expect((await processorDid(id)).done.charge).toBe(1);
  });

  it("A request that repeats one without an outcome is not refused, though its version has passed", async () => {
    const id = await created({ metadata: { processor: "pending,settle" } });
    for (const tag of ['"1"', '"1"', '"7"']) {
      const response = await CASES.process?.send(id, tag);
      expect([response?.status, response?.headers.get("ETag")]).toEqual([202, '"2"']);
    }
    await ringUntil(id, "completed");
  });

  it("Of refunds at once with the same tag one is made", async () => {
    const id = await processed();
    const responses = await Promise.all(
      times(10, () => sendTo("refunds", { amount: "1.00" })(id, '"3"')),
    );
    const statuses = responses.map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, ...Array(9).fill(412)]);
    expect(await processorDid(id)).toMatchObject({ refunded: 100, done: { refund: 1 } });
  });

  it("Of captures at once with the same tag one is made, and those of its amount get its outcome", async () => {
    const id = await authorized({ processor_capture: "slow" });
    const amounts = times(12, (at) => (at % 2 === 0 ? "4.00" : "5.00"));
    const responses = await Promise.all(
      amounts.map((amount) => sendTo("capture", { amount })(id, '"3"')),
    );
    const texts = await Promise.all(
      responses.filter(({ status }) => status === 200).map((response) => response.text()),
    );
    expect([texts.length, new Set(texts).size]).toEqual([6, 1]);
    expect((await processorDid(id)).done.capture).toBe(1);
    expect(await eventTypes(id)).toHaveLength(5);
  });

  it("Another capture after a declined one needs the version after that", async () => {
    const id = await authorized({ processor_capture: "decline:expired,settle" });
    const capture = sendTo("capture", {});
    const declined = await capture(id, '"3"');
    expect([declined.status, declined.headers.get("ETag")]).toEqual([200, '"5"']);
    expect((await capture(id, '"3"')).status).toBe(412);
    expect((await processorDid(id)).done.capture + (await processorDid(id)).declined.capture).toBe(
      1,
    );
    expect((await capture(id, '"5"')).headers.get("ETag")).toBe('"7"');
  });

  it("Calls that share an RPC each have their own precondition", async () => {
    const id = await created();
    const calls = [[2], [1], [2]].map(
      (expected_versions): AddressedCall => ({
        kind: "process",
        address: addressOf(id),
        expected_versions,
      }),
    );
    const results: CallResult[] = [];
    const keep = async (group: CallResult[]) => void results.push(...group);
    await keep(await ownerOf(id).executeBatch(calls, keep));
    const replies = results
      .toSorted((one, other) => one.at - other.at)
      .map((result) => "reply" in result && (result.reply.ok || result.reply.refusal.code));
    // The third joins the call of the second.
    expect(replies).toEqual(["version_mismatch", true, true]);
    expect((await processorDid(id)).done.charge).toBe(1);
  });
});

describe("the ETag", () => {
  it("Every response about one transaction has its version as a strong tag", async () => {
    const key = freshKey("etag");
    const made = await shop.create({ metadata: { version: "9" } }, key);
    const { id } = (await made.json()) as Transaction;
    const tagOf = async (response: Promise<Response>) => (await response).headers.get("ETag");
    expect(made.headers.get("ETag")).toBe('"1"');
    expect(await tagOf(shop.process(id))).toBe('"3"');
    expect(await tagOf(shop.get(`${TRANSACTIONS}/${id}`))).toBe('"3"');
    expect(await tagOf(shop.get(`/api/v1/idempotency-keys/${key}`))).toBe('"3"');
    // A repeated create gets the first response.
    expect(await tagOf(shop.create({ metadata: { version: "9" } }, key))).toBe('"1"');
    expect(await tagOf(shop.get(TRANSACTIONS))).toBeNull();
    expect(await tagOf(shop.refund(id))).toBeNull();
  });
});
