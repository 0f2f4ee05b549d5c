/** The API of webhook endpoints and deliveries. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, freshKey, newClient, problem } from "../../support/api";
import {
  arrivals,
  DELIVERIES,
  type Delivery,
  deliveries,
  ENDPOINTS,
  endpoint,
  eventually,
  json,
  received,
  receiverUrl,
} from "../../support/webhooks-api";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

describe("the API of webhooks", () => {
  it("A webhook secret is shown once and never again", async () => {
    const client = await newClient();
    const { id, secret } = await endpoint(client, receiverUrl("secret"));
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    await client.created();
    await received("secret", 1);
    for (const path of [ENDPOINTS, `${ENDPOINTS}/${id}`, DELIVERIES]) {
      expect(await (await client.get(path)).text()).not.toContain("whsec_");
    }
  });

  it("Repeated and concurrent registrations under a key make one endpoint of each merchant", async () => {
    const client = await newClient();
    const body = JSON.stringify({ url: receiverUrl("once") });
    const register = (by: Client) =>
      by.send(body, { "Idempotency-Key": "the-endpoint" }, ENDPOINTS);
    const racing = await Promise.all([register(client), register(client), register(client)]);
    expect(racing.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const again = await problem(await register(client));
    expect(again.code).toBe("webhook_endpoint_exists");
    const { data } = await json<{ data: { id: string }[] }>(await client.get(ENDPOINTS), 200);
    expect(data).toHaveLength(1);
    expect(again.detail).toContain(data[0]?.id);
    expect((await register(await newClient())).status).toBe(201);
  });

  it("A merchant cannot see or change another merchant's endpoints and deliveries", async () => {
    const other = await newClient();
    const { id } = await endpoint(shop, receiverUrl("apart"));
    const { id: delivery } = await json<Delivery>(
      await shop.ask("POST", `${ENDPOINTS}/${id}/test`),
      202,
    );
    const foreign: [string, string, object?][] = [
      ["GET", `${ENDPOINTS}/${id}`],
      ["PATCH", `${ENDPOINTS}/${id}`, { enabled: false }],
      ["DELETE", `${ENDPOINTS}/${id}`],
      ["POST", `${ENDPOINTS}/${id}/rotate-secret`, {}],
      ["POST", `${ENDPOINTS}/${id}/test`],
      ["POST", `${ENDPOINTS}/${id}/recover`, { since: "2026-01-01T00:00:00Z" }],
      ["GET", `${DELIVERIES}/${delivery}`],
      ["POST", `${DELIVERIES}/${delivery}/redeliver`],
    ];
    for (const [method, path, body] of foreign) {
      const response = await other.ask(method, path, body);
      expect(response.status, `${method} ${path}`).toBe(404);
      expect((await problem(response)).code).toMatch(/_not_found$/);
    }
    expect((await json<{ data: [] }>(await other.get(ENDPOINTS), 200)).data).toEqual([]);
    expect(await deliveries(other)).toEqual([]);
  });

  it.each([
    [{}, "#/url"],
    [{ url: "ftp://shop.example" }, "#/url"],
    [{ url: "https://user:pass@shop.example" }, "#/url"],
    [{ url: 5 }, "#/url"],
    [{ url: "https://shop.example.com", events: [] }, "#/events"],
    [{ url: "https://shop.example.com", events: ["transaction.exploded"] }, "#/events/0"],
    [{ url: "https://shop.example.com", events: "*" }, "#/events"],
    [{ url: "https://shop.example.com", enabled: "yes" }, "#/enabled"],
    [{ url: "https://shop.example.com", description: "x".repeat(501) }, "#/description"],
    [{ url: "https://shop.example.com", color: "red" }, "#/color"],
  ])("The webhook API refuses %j and names %s", async (body, pointer) => {
    const response = await shop.ask("POST", ENDPOINTS, body);
    expect(response.status).toBe(400);
    expect((await problem(response)).errors?.map((error) => error.pointer)).toContain(pointer);
  });

  it("Removing an endpoint gives up its open deliveries", async () => {
    const client = await newClient();
    const { id } = await endpoint(client, receiverUrl("removed", "500"));
    await client.created();
    await eventually(
      () => arrivals("removed"),
      (seen) => seen.length > 0,
    );
    expect((await client.ask("DELETE", `${ENDPOINTS}/${id}`)).status).toBe(204);
    const [delivery] = await eventually(
      () => deliveries(client),
      ([one]) => one?.status === "dead",
    );
    const again = await client.ask("POST", `${DELIVERIES}/${delivery?.id}/redeliver`);
    expect((await problem(again)).code).toBe("webhook_endpoint_not_found");
  });

  it("The pages of the delivery log have no gaps or repeats", async () => {
    const client = await newClient();
    await endpoint(client, receiverUrl("pages"), { events: ["transaction.created"] });
    for (let index = 0; index < 7; index++) await client.created({}, freshKey("pages"));
    await received("pages", 7);
    const ids: string[] = [];
    let cursor = "";
    do {
      const page = await json<{ data: Delivery[]; next_cursor: string | null; has_more: boolean }>(
        await client.get(`${DELIVERIES}?limit=3${cursor}`),
        200,
      );
      ids.push(...page.data.map(({ id }) => id));
      expect(page.has_more).toBe(page.next_cursor !== null);
      cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : "";
    } while (cursor !== "");
    expect(new Set(ids).size).toBe(7);
    expect(ids).toHaveLength(7);
  });
});
