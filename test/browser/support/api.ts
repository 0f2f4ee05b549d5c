/** The API of the server under test, for what a test needs before it opens a page. */
import { inject } from "vitest";
import { ORIGIN } from "./browser";

async function send<Body>(
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Body> {
  const response = await fetch(`${ORIGIN}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as Body;
}

/** A new merchant with a key. @param scopes all by default */
export async function newShop(name = "A shop", scopes?: string[]) {
  const admin = inject("adminToken");
  const merchant = await send<{ id: string }>(admin, "POST", "/api/v1/merchants", { name });
  const keys = `/api/v1/merchants/${merchant.id}/api-keys`;
  const { id, key } = await send<{ id: string; key: string }>(admin, "POST", keys, {
    name: "test",
    ...(scopes && { scopes }),
  });
  let count = 0;
  return {
    merchant_id: merchant.id,
    key_id: id,
    key,
    call: <Body>(method: string, path: string, body?: unknown, headers = {}) =>
      send<Body>(key, method, path, body, headers),
    /** A payment. */
    pay: (body: object = {}) => {
      count += 1;
      const sent = { user_id: "customer_1", amount: "12.50", currency: "USD", ...body };
      return send<{ id: string; status: string }>(key, "POST", "/api/v1/transactions", sent, {
        "Idempotency-Key": `order-${count}`,
      });
    },
    revoke: () => send<void>(admin, "DELETE", `${keys}/${id}`),
  };
}
