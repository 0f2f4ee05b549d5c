/** openapi.json, compared with what the API sends. */

import type { z } from "@hono/zod-openapi";
import { describe, expect, it } from "vitest";
import document from "../../../../openapi.json";
import {
  ArchiveObjectList,
  ArchiveSegmentList,
  RestoredSegment,
} from "../../../../src/api/archive/schemas";
import { BookList, MoveProgress } from "../../../../src/api/books/schemas";
import { Erasure } from "../../../../src/api/erasures/schemas";
import { EventList } from "../../../../src/api/events/event-schemas";
import * as merchantSchema from "../../../../src/api/merchants/schemas";
import { Rebuild } from "../../../../src/api/operations/rebuild-route";
import { ReceivedEvent } from "../../../../src/api/processors/stripe-routes";
import { Refund, RefundList } from "../../../../src/api/refunds/schemas";
import { BacktestResult } from "../../../../src/api/risk/backtest-routes";
import { ListEntry, ListEntryList } from "../../../../src/api/risk/schemas/list";
import { RuleSetResult, RuleSetVersionList } from "../../../../src/api/risk/schemas/rule-set";
import { BatchResults } from "../../../../src/api/transactions/batch-route";
import * as schema from "../../../../src/api/transactions/schemas";
import * as webhookSchema from "../../../../src/api/webhooks/schemas";
import { newClient, TRANSACTIONS } from "../../../support/api";
import { ask, checkWholeFile, jsonOf, operations, textOf } from "../../../support/contract";
import { env } from "../../../support/env";
import {
  asAdmin,
  body,
  create,
  DELIVERIES,
  ENDPOINTS,
  get,
  LISTS,
  REBUILD,
  resolve,
  shop,
} from "../../../support/shop";
import { deliverEvent, stripeEvent } from "../../../support/stripe-events";

/** test/worker/reconciliation holds it against its schema: it needs the stand-in for Stripe. */
const WITH_STRIPE = ["GET /operations/reconciliation/stripe 200"];
/** test/worker/api/archive compares its bytes. */
const BINARY = "/operations/archive/objects/{key}";

describe("openapi.json", () => {
  it("openapi.json is served as it is committed", async () => {
    const response = await ask("/openapi.json");
    expect(response.headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it("openapi.json is an OpenAPI 3.1 document whose references all lead somewhere", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const refs = JSON.stringify(document).match(/(?<="\$ref":")[^"]+/g) ?? [];
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of new Set(refs)) {
      const place = ref.slice("#/".length).split("/").reduce<unknown>(member, document);
      expect(place, ref).toBeTypeOf("object");
    }
  });

  function member(value: unknown, name: string): unknown {
    return (value as Record<string, unknown> | undefined)?.[name];
  }

  it.each(operations.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "openapi.json documents %s completely",
    (_, { path, operation }) => {
      const { summary, tags, parameters = [], security, responses } = operation;
      expect(summary).toMatch(/\S/);
      expect(tags).toHaveLength(1);
      const inPath = parameters.filter((one) => one.in === "path" && one.required);
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      const schemes = Object.keys(document.components.securitySchemes);
      for (const name of (security ?? []).flatMap(Object.keys)) expect(schemes).toContain(name);
      expect((security ?? []).length > 0).toBe(path.startsWith("/api/"));
      expect(Object.keys(responses).join()).toMatch(/^2\d\d/);
      for (const [status, { description, content = {} }] of Object.entries(responses)) {
        expect(description).toMatch(/\S/);
        const isProblem = Number(status) >= 400 && path !== "/health/ready";
        const type = isProblem ? "application/problem+json" : "application/json";
        if (path.endsWith(BINARY) && !isProblem) {
          expect(Object.keys(content)).toEqual(["application/octet-stream"]);
        } else if (status !== "204") expect(content[type]?.schema.$ref, status).toMatch(/^#/);
      }
    },
  );

  /** Of a merchant of their own, whose every payment is reviewed. */
  async function riskAnswers(): Promise<Record<string, [Response, z.ZodType?]>> {
    const merchant = await newClient();
    const send = (method: string, path: string, sent?: object) =>
      ask(path, {
        method,
        key: merchant.key,
        ...(sent && {
          body: JSON.stringify(sent),
          headers: { "Content-Type": "application/json" },
        }),
      });
    const doubtful = { id: "all", outcome: "review", when: { amount: { above: "0.01" } } };
    const rules = { rules: [{ ...doubtful, shadow: false }] };
    const entry = { list: "block", field: "customer", value: "mallory" };
    const put = await send("PUT", "/api/v1/risk/rules", { version: 0, ...rules });
    const { id } = await merchant.created();
    const listed = await send("POST", LISTS, entry);
    const at = `${LISTS}/${(await jsonOf<{ id: string }>(listed.clone())).id}`;
    const review = { decision: "approve", reviewer: "ann", note: "known" };
    return {
      "PUT /risk/rules 200": [put, RuleSetResult],
      "GET /risk/rules 200": [await send("GET", "/api/v1/risk/rules"), RuleSetResult],
      "GET /risk/rules/versions 200": [
        await send("GET", "/api/v1/risk/rules/versions"),
        RuleSetVersionList,
      ],
      "POST /risk/lists 201": [listed, ListEntry],
      "POST /risk/lists 200": [await send("POST", LISTS, entry), ListEntry],
      "GET /risk/lists 200": [await send("GET", LISTS), ListEntryList],
      "GET /risk/lists/{id} 200": [await send("GET", at), ListEntry],
      "DELETE /risk/lists/{id} 204": [await send("DELETE", at)],
      "POST /risk/backtest 200": [
        await send("POST", "/api/v1/risk/backtest", { rule_set: rules }),
        BacktestResult,
      ],
      "POST /transactions/{id}/review 200": [
        await send("POST", `${TRANSACTIONS}/${id}/review`, review),
        schema.Transaction,
      ],
    };
  }

  /** Captures, voids and refunds. */
  async function laterAnswers(): Promise<Record<string, [Response, z.ZodType?]>> {
    const hold = async (more = "") => {
      const manual = `"capture_method":"manual","process":true${more && `,${more}`}`;
      return (await jsonOf<{ id: string }>(await create(body(manual)))).id;
    };
    const post = (path: string, sent = "{}", more: Record<string, string> = {}) =>
      ask(path, {
        method: "POST",
        key: shop.key,
        headers: { "Content-Type": "application/json", ...more },
        body: sent,
      });
    const held = await hold();
    const slow = await hold('"metadata":{"processor_capture":"pending"}');
    const stuck = await hold('"metadata":{"processor_void":"pending"}');
    const unknown = body('"process":true,"metadata":{"processor":"pending"}');
    const captured = await post(`${TRANSACTIONS}/${held}/capture`, '{"amount":"0.50"}');
    const refunded = await post(`${TRANSACTIONS}/${held}/refunds`, '{"amount":"0.25"}', {
      "Idempotency-Key": "described",
    });
    const { id } = await jsonOf<{ id: string }>(refunded);
    const open = await post(
      `${TRANSACTIONS}/${held}/refunds`,
      '{"amount":"0.01","metadata":{"processor":"pending"}}',
      { "Idempotency-Key": "open" },
    );
    const ended = await asAdmin(
      `/api/v1/operations/refunds/${(await jsonOf<{ id: string }>(open)).id}/resolve`,
      { outcome: "settled", reason: "In the report", resolved_by: "ann", force: true },
    );
    const items = '{"items":[{"idempotency_key":"a","user_id":"u","amount":1},{}]}';
    return {
      "POST /transactions 202": [await create(unknown), schema.Transaction],
      "POST /transactions/batch 200": [await post(`${TRANSACTIONS}/batch`, items), BatchResults],
      "POST /transactions/{id}/capture 200": [captured, schema.Transaction],
      "POST /transactions/{id}/capture 202": [
        await post(`${TRANSACTIONS}/${slow}/capture`),
        schema.Transaction,
      ],
      "POST /transactions/{id}/cancel 202": [
        await post(`${TRANSACTIONS}/${stuck}/cancel`),
        schema.Transaction,
      ],
      "POST /transactions/{id}/refunds 201": [refunded, Refund],
      "POST /operations/refunds/{refund_id}/resolve 200": [ended, Refund],
      "GET /transactions/{id}/refunds 200": [
        await get(`${TRANSACTIONS}/${held}/refunds`),
        RefundList,
      ],
      "GET /refunds/{id} 200": [await get(`/api/v1/refunds/${id}`), Refund],
      "GET /refunds 200": [await get("/api/v1/refunds"), RefundList],
    };
  }

  async function erasureAnswers(): Promise<Record<string, [Response, z.ZodType?]>> {
    const { key } = await newClient(["customers:erase"]);
    const begun = await ask("/api/v1/customers/loyal", { method: "DELETE", key });
    const { id } = await jsonOf<{ id: string }>(begun);
    return {
      "DELETE /customers/{user_id} 202": [begun, Erasure],
      "GET /erasures/{id} 200": [await ask(`/api/v1/erasures/${id}`, { key }), Erasure],
    };
  }

  it("openapi.json describes every successful response, and each of them is exactly as described", async () => {
    const merchants = "/api/v1/merchants";
    const own = `${merchants}/${shop.merchant_id}/api-keys`;
    const { id, idempotency_key } = await shop.created();
    const blocked = await shop.created({ user_id: "rich", amount: 20_000 });
    const unknown = await shop.created({ user_id: "slow", metadata: { processor: "pending" } });
    const cancelled = await shop.created({ user_id: "hesitant" });
    const act = (of: string, action: string) =>
      ask(`${TRANSACTIONS}/${of}/${action}`, { method: "POST", key: shop.key });
    const byKey = `/api/v1/idempotency-keys/${idempotency_key}`;
    const newKey = () => asAdmin(own, { name: "described" });
    const keyAt = async () => `${own}/${(await jsonOf<{ id: string }>(await newKey())).id}`;
    const post = (path: string, body?: string) =>
      ask(path, { method: "POST", key: shop.key, ...(body ? { ...asJson, body } : {}) });
    const asJson = { headers: { "Content-Type": "application/json" } };
    const newEndpoint = () => post(ENDPOINTS, '{"url":"https://shop.example.com/hook"}');
    const hook = `${ENDPOINTS}/${(await jsonOf<{ id: string }>(await newEndpoint())).id}`;
    const tested = await jsonOf<{ id: string }>(await post(`${hook}/test`));
    const delivery = `${DELIVERIES}/${tested.id}`;
    const { Transaction, TransactionList } = schema;
    const { ApiKeyList, Merchant, MerchantList, NewApiKey } = merchantSchema;
    const answers: Record<string, [Response, z.ZodType?]> = {
      "POST /transactions 201": [await create(body('"metadata":{"a":"b"}')), Transaction],
      "GET /transactions/{id} 200": [await get(`${TRANSACTIONS}/${blocked.id}`), Transaction],
      "POST /transactions/{id}/process 200": [await act(id, "process"), Transaction],
      "POST /transactions/{id}/process 202": [await act(unknown.id, "process"), Transaction],
      "POST /operations/charges/{transaction_id}/resolve 200": [
        await resolve(unknown.id, { force: true }),
        Transaction,
      ],
      "POST /transactions/{id}/cancel 200": [await act(cancelled.id, "cancel"), Transaction],
      "GET /transactions 200": [await get(`${TRANSACTIONS}?limit=100`), TransactionList],
      "GET /transactions/{id}/events 200": [await get(`${TRANSACTIONS}/${id}/events`), EventList],
      "GET /events 200": [await get("/api/v1/events?limit=100"), EventList],
      "GET /idempotency-keys/{key} 200": [await get(byKey), Transaction],
      "POST /webhook-endpoints 201": [await newEndpoint(), webhookSchema.NewEndpoint],
      "GET /webhook-endpoints 200": [await get(ENDPOINTS), webhookSchema.EndpointList],
      "GET /webhook-endpoints/{id} 200": [await get(hook), webhookSchema.Endpoint],
      "PATCH /webhook-endpoints/{id} 200": [
        await ask(hook, {
          method: "PATCH",
          key: shop.key,
          ...asJson,
          body: '{"description":"ours"}',
        }),
        webhookSchema.Endpoint,
      ],
      "POST /webhook-endpoints/{id}/rotate-secret 200": [
        await post(`${hook}/rotate-secret`, "{}"),
        webhookSchema.RotatedSecret,
      ],
      "POST /webhook-endpoints/{id}/test 202": [await post(`${hook}/test`), webhookSchema.Delivery],
      "POST /webhook-endpoints/{id}/recover 202": [
        await post(`${hook}/recover`, '{"since":"2026-11-22T21:00:00Z"}'),
        webhookSchema.Recovered,
      ],
      "GET /webhook-deliveries 200": [await get(DELIVERIES), webhookSchema.DeliveryList],
      "GET /webhook-deliveries/{id} 200": [await get(delivery), webhookSchema.Delivery],
      "POST /webhook-deliveries/{id}/redeliver 202": [
        await post(`${delivery}/redeliver`),
        webhookSchema.Delivery,
      ],
      "DELETE /webhook-endpoints/{id} 204": [await ask(hook, { method: "DELETE", key: shop.key })],
      "POST /operations/rebuild-book 202": [await asAdmin(REBUILD, {}), Rebuild],
      "GET /operations/books 200": [await asAdmin("/api/v1/operations/books"), BookList],
      "POST /operations/book-moves 200": [
        await asAdmin("/api/v1/operations/book-moves", { merchant_id: shop.merchant_id, book: 1 }),
        MoveProgress,
      ],
      "GET /operations/archive/segments 200": [
        await asAdmin("/api/v1/operations/archive/segments"),
        ArchiveSegmentList,
      ],
      "POST /operations/archive/restore 200": [
        await ask("/api/v1/operations/archive/restore", {
          key: env.ADMIN_TOKEN,
          body: '{"shard":0,"number":1}',
          ...asJson,
          env: { TRANSACTIONS: { getByName: () => ({ restore: async () => 1_024 }) } },
        }),
        RestoredSegment,
      ],
      "GET /operations/archive/objects 200": [
        await asAdmin("/api/v1/operations/archive/objects"),
        ArchiveObjectList,
      ],
      "POST /processors/stripe/events 200": [
        await deliverEvent(stripeEvent("customer.created", {})),
        ReceivedEvent,
      ],
      "POST /merchants 201": [await asAdmin(merchants, { name: "Described" }), Merchant],
      "GET /merchants 200": [await asAdmin(merchants), MerchantList],
      "GET /merchants/{id} 200": [await asAdmin(`${merchants}/${shop.merchant_id}`), Merchant],
      "POST /merchants/{id}/api-keys 201": [await newKey(), NewApiKey],
      "GET /merchants/{id}/api-keys 200": [await asAdmin(own), ApiKeyList],
      "POST /merchants/{id}/api-keys/{key_id}/roll 201": [
        await asAdmin(`${await keyAt()}/roll`, {}),
        NewApiKey,
      ],
      "DELETE /merchants/{id}/api-keys/{key_id} 204": [
        await ask(await keyAt(), { method: "DELETE", key: env.ADMIN_TOKEN }),
      ],
      ...(await erasureAnswers()),
      ...(await riskAnswers()),
      ...(await laterAnswers()),
    };
    for (const [name, [response, described]] of Object.entries(answers)) {
      expect(`${name.slice(0, -3)}${response.status}`).toBe(name);
      if (!described) {
        expect(await textOf(response)).toBe("");
        continue;
      }
      expect(response.headers.get("Content-Type")).toBe("application/json");
      const sent = await jsonOf(response);
      // A schema drops what it does not know, so an equal result means nothing undescribed was sent.
      expect(described.parse(sent), name).toEqual(sent);
    }
    const documented = operations
      .filter(({ path }) => path.startsWith("/api/"))
      .flatMap(({ method, path, operation }) =>
        Object.keys(operation.responses)
          .filter((status) => status.startsWith("2"))
          .map((status) => `${method} ${path.slice("/api/v1".length)} ${status}`),
      );
    expect([...Object.keys(answers), ...WITH_STRIPE, `GET ${BINARY} 200`].sort()).toEqual(
      documented.sort(),
    );
  });
});

checkWholeFile();
