/** What a processor reports without being asked: over the RPC of the owner, as it is shown afterwards. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { Dispute } from "../../../src/domain/transaction/dispute";
import type { Refund } from "../../../src/domain/transaction/refund";
import type { PaymentReport, RefundReport } from "../../../src/domain/transaction/report";
import type { ReportReply } from "../../../src/transactions/rpc";
import { call, TRANSACTIONS } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { addressOf } from "../../support/money";
import { bookRows, eventTypes, ownerOf, shop } from "../../support/owner";

const REFERENCE = "pi_1";
const DECLINED = { code: "card_declined", message: "No." };

async function report(
  id: string,
  fields: Partial<PaymentReport> | RefundReport | { kind: "dispute"; dispute: Dispute },
): Promise<ReportReply> {
  const { merchant_id: _, ...address } = addressOf(id);
  const about = {
    kind: "payment",
    processor_reference: REFERENCE,
    amount_minor: 1_000,
    currency: "USD",
  };
  return ownerOf(id).report(address, { ...about, ...fields } as PaymentReport);
}

const recorded = { ok: true, result: "recorded" };
const unchanged = { ok: true, result: "unchanged" };
const contradicts = { ok: true, result: "contradicts" };

const waiting = async (fields: object = {}): Promise<string> => {
  const metadata = { sandbox_outcome: "action_abandoned" };
  const response = await shop.create({ metadata, process: true, ...fields });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
};
const charged = async (): Promise<string> => {
  const response = await shop.create({ process: true });
  return ((await response.json()) as { id: string }).id;
};
const crash = (id: string) =>
  runInDurableObject(ownerOf(id), (_, state) => state.abort("crash")).catch(() => {});

const refundReport = (fields: Partial<RefundReport>): RefundReport =>
  ({
    kind: "refund",
    processor_reference: "re_1",
    refund_id: null,
    amount_minor: 400,
    currency: "USD",
    state: "succeeded",
    ...fields,
  }) as RefundReport;

describe("a report", () => {
  it("A payment ends by it once, is shown and written everywhere, and needs no call", async () => {
    const id = await waiting();
    const success = { state: "succeeded" as const, captured_minor: 1_000 };
    const all = await Promise.all([1, 2, 3].map(() => report(id, success)));
    expect(all.map((reply) => reply.ok && reply.result).sort()).toEqual([
      "recorded",
      "unchanged",
      "unchanged",
    ]);
    await crash(id);
    expect(await report(id, success)).toEqual(unchanged);
    expect(await shop.find(id)).toMatchObject({
      status: "completed",
      processor_reference: REFERENCE,
      amount_captured_minor: 1_000,
    });
    expect((await bookRows(id)).transactions).toMatchObject([{ status: "completed" }]);
    const rows = await runInDurableObject(ownerOf(id), (_, { storage }) => [
      ...storage.sql.exec("SELECT 1 FROM charges WHERE transaction_id = ?", id),
      ...storage.sql.exec("SELECT 1 FROM next_actions WHERE transaction_id = ?", id),
      ...storage.sql.exec("SELECT 1 FROM reviews WHERE transaction_id = ?", id),
    ]);
    expect(rows).toEqual([]);
  });

  it("An authorization is captured at the processor in part, with the events of a capture", async () => {
    const response = await shop.create({ process: true, capture_method: "manual" });
    const { id } = (await response.json()) as { id: string };
    expect(await report(id, { state: "authorized" })).toEqual(unchanged);
    expect(await report(id, { state: "succeeded", captured_minor: 250 })).toEqual(recorded);
    expect(await shop.find(id)).toMatchObject({ status: "completed", amount_captured_minor: 250 });
    expect((await eventTypes(id)).slice(-2)).toEqual([
      "transaction.processing",
      "transaction.captured",
    ]);
  });

  it("One that contradicts is logged and counted, and changes nothing", async () => {
    const lines: { event: string; transaction_id: string }[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line) => {
      lines.push(JSON.parse(line));
    });
    const id = await charged();
    const before = await shop.find(id);
    expect(await report(id, { state: "failed", failure: DECLINED })).toEqual(contradicts);
    expect(
      await report(id, { state: "succeeded", captured_minor: 1_000, amount_minor: 1 }),
    ).toEqual(contradicts);
    log.mockRestore();
    expect(await shop.find(id)).toEqual(before);
    const logged = lines.filter(({ event }) => event === "report.contradicted");
    expect(logged).toMatchObject([
      { level: "error", transaction_id: id, operation: "payment", outcome: "failed" },
      { level: "error", transaction_id: id, operation: "payment", outcome: "succeeded" },
    ]);
    const headers = { Authorization: `Bearer ${env.METRICS_TOKEN}` };
    const metrics = await (await call("/metrics", { headers })).text();
    expect(metrics).toMatch(
      /payments_reports_total\{[^}]*kind="payment"[^}]*result="contradicts"[^}]*\} 2/,
    );
  });

  it("It is refused for a transaction that does not exist, or of another shard count", async () => {
    const id = await charged();
    const missing = `txn_${"a".repeat(26)}`;
    const { merchant_id: _, ...address } = addressOf(id);
    const given = refundReport({});
    const owner = ownerOf(missing);
    expect(await owner.report({ ...address, transaction_id: missing }, given)).toMatchObject({
      refusal: { code: "transaction_not_found" },
    });
    expect(await ownerOf(id).report({ ...address, shards: 3 }, given)).toMatchObject({
      refusal: { code: "shard_count_changed" },
    });
  });
});

describe("a report about a refund", () => {
  it("A refund made at the processor is a refund here, and fails later", async () => {
    const id = await charged();
    expect(await report(id, refundReport({ state: "pending" }))).toEqual(unchanged);
    expect(await report(id, refundReport({}))).toEqual(recorded);
    expect(await report(id, refundReport({}))).toEqual(unchanged);
    await crash(id);
    const page = await shop.get(`${TRANSACTIONS}/${id}/refunds`);
    const { data } = (await page.json()) as { data: Refund[] };
    expect(data).toMatchObject([
      { status: "succeeded", amount_minor: 400, idempotency_key: "processor:re_1" },
    ]);
    expect(await shop.find(id)).toMatchObject({ amount_refunded_minor: 400 });
    const failed = { state: "failed" as const, failure: DECLINED };
    expect(await report(id, refundReport(failed))).toEqual(recorded);
    expect(await report(id, refundReport({}))).toEqual(unchanged);
    const refund = await (await shop.get(`/api/v1/refunds/${data[0]?.id}`)).json();
    expect(refund).toMatchObject({
      status: "failed",
      failure: DECLINED,
      reversed_at: expect.any(String),
    });
    expect(await shop.find(id)).toMatchObject({ amount_refunded_minor: 0 });
    expect((await eventTypes(id)).slice(-3)).toEqual([
      "refund.created",
      "refund.succeeded",
      "refund.failed",
    ]);
    await eventually(async () => {
      const listed = await shop.get(`/api/v1/refunds?transaction_id=${id}`);
      expect(await listed.json()).toMatchObject({ data: [{ status: "failed" }] });
    });
    // What came back can be refunded again.
    expect((await shop.refund(id, { amount: 10 })).status).toBe(201);
  });

  it("One about a payment that waits for its customer is to be repeated", async () => {
    const id = await waiting();
    expect(await report(id, refundReport({}))).toMatchObject({ refusal: { code: "unavailable" } });
    await report(id, { state: "succeeded", captured_minor: 1_000 });
    expect(await report(id, refundReport({}))).toEqual(recorded);
  });

  it("A refund of ours that is pending ends by it, once, and is not made again", async () => {
    const id = await charged();
    const metadata = { sandbox_outcome: "unknown_then_settle" };
    const made = (await (await shop.refund(id, { amount: 4, metadata })).json()) as Refund;
    expect(made.status).toBe("pending");
    const given = refundReport({ refund_id: made.id });
    expect(await report(id, given)).toEqual(recorded);
    expect(await report(id, given)).toEqual(unchanged);
    await crash(id);
    expect(await shop.find(id)).toMatchObject({ amount_refunded_minor: 400 });
    const open = await runInDurableObject(ownerOf(id), (_, { storage }) =>
      storage.sql.exec("SELECT 1 FROM charges WHERE transaction_id = ?", made.id).toArray(),
    );
    expect(open).toEqual([]);
  });
});

describe("a report about a dispute", () => {
  it("It is part of the transaction, with an event when it opens and when it closes", async () => {
    const id = await charged();
    const dispute: Dispute = {
      id: "dp_1",
      status: "open",
      reason: "fraudulent",
      amount_minor: 1_000,
      currency: "USD",
      evidence_due_by: "2026-12-20T23:59:59.000Z",
      opened_at: "2026-12-01T08:00:00.000Z",
    };
    const lost = { ...dispute, status: "lost" as const };
    expect(await report(id, { kind: "dispute", dispute })).toEqual(recorded);
    expect(await shop.find(id)).toMatchObject({ status: "completed", dispute });
    expect(await report(id, { kind: "dispute", dispute: lost })).toEqual(recorded);
    expect(await report(id, { kind: "dispute", dispute })).toEqual(unchanged);
    expect(await shop.find(id)).toMatchObject({ dispute: lost });
    expect((await eventTypes(id)).slice(-2)).toEqual(["dispute.opened", "dispute.closed"]);
  });
});
