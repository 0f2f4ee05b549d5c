/** The log line of each request. */
import { describe, expect, it } from "vitest";
import { app } from "../../../../src/api/app";
import type { Transaction as TransactionBody } from "../../../../src/domain/transaction/transaction";
import { BASE, TRANSACTIONS } from "../../../support/api";
import {
  ask,
  CANARY,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  logOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import {
  body,
  canaryKey,
  create,
  get,
  missing,
  ownersThat,
  raising,
  shop,
} from "../../../support/shop";

describe("the log", () => {
  it("The log has one line for a request, with the route and never the address", async () => {
    const key = canaryKey();
    const { id } = await jsonOf<TransactionBody>(await create(body(), {}, key));
    const cases: [Response, string][] = [
      [await get(`${TRANSACTIONS}/${id}`), `GET ${TRANSACTIONS}/:id 200`],
      [await get(`/api/v1/idempotency-keys/${key}`), "GET /api/v1/idempotency-keys/:key 200"],
      [await get(`${TRANSACTIONS}?user_id=${CANARY}`), `GET ${TRANSACTIONS} 200`],
      [await create("{"), `POST ${TRANSACTIONS} 400 malformed_json`],
      [await create(body(), {}, key), `POST ${TRANSACTIONS} 422 idempotency_key_reused`],
      [await ask(`/${CANARY}`), "GET none 404 not_found"],
      [await ask(`/problems/${CANARY}`), "GET /problems/:code 404 not_found"],
      [await ask(TRANSACTIONS, { method: "PUT" }), "PUT none 405 method_not_allowed"],
      [await ask("/health", { method: "HEAD" }), "HEAD /health 200"],
    ];
    for (const [response, expected] of cases) {
      const lines = logOf(response.headers.get("Request-Id"));
      const told = lines.map(({ event, method, route, status, outcome = "" }) =>
        `${event}: ${method} ${route} ${status} ${outcome}`.trim(),
      );
      expect(told).toEqual([`request: ${expected}`]);
    }
  });

  it("The log contains the place of a fault, and not its message", async () => {
    const messages = [CANARY, "one line\n    at a second (which looks like a place)"];
    for (const message of messages) {
      const fault = new TypeError(message, { cause: new Error(CANARY) });
      const response = await ask(missing, { key: shop.key, env: ownersThat(raising(fault)) });
      const { request_id } = await expectRefusal(response, "internal_error");
      const [said, request, ...rest] = logOf(request_id);
      expect(said).toMatchObject({ event: "fault", level: "error" });
      expect(said?.fault).toMatch(/^TypeError \| at /);
      expect(said?.fault).not.toContain("second");
      expect(request).toMatchObject({ event: "request", status: 500, outcome: "internal_error" });
      expect(rest).toEqual([]);
    }
  });

  it("The log has no line for a request when LOG_LEVEL is warn", async () => {
    const bindings = { ...env, LOG_LEVEL: "warn" };
    const response = await app.fetch(new Request(`${BASE}/health`), bindings);
    expect(logOf(response.headers.get("Request-Id"))).toEqual([]);
  });
});

checkWholeFile();
