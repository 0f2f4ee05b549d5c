/** The console's pages of webhook endpoints: what they show, who may do what, and what is refused. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { newClient } from "../../../support/api";
import { newVisitor } from "../../../support/console";
import { env } from "../../../support/env";
import {
  deliveries,
  ENDPOINTS,
  type Endpoint,
  endpoint,
  json,
} from "../../../support/webhooks-api";

const WEBHOOKS = "/console/webhooks";
const URL = "https://receiver.example.com/hooks";
const token = () => crypto.randomUUID().replaceAll("-", "");
const pathOf = (id: string) => `${WEBHOOKS}/endpoints/${id}`;

/** A merchant, and a browser that is signed in with its key. */
async function newShop(scopes?: string[]) {
  const client = await newClient(scopes);
  return { client, visitor: await newVisitor(client.key) };
}

const list = async (client: Awaited<ReturnType<typeof newClient>>) =>
  (await json<{ data: Endpoint[] }>(await client.get(ENDPOINTS), 200)).data;

describe("the list", () => {
  it("Without endpoints the page says what an endpoint is and how to add one", async () => {
    const { visitor } = await newShop();
    const page = await visitor.get(WEBHOOKS);
    expect(page.status).toBe(200);
    expect(page.text).toContain("No endpoints yet");
    expect(page.text).toContain('href="/console/webhooks/new"');
  });

  it("An endpoint is shown with its URL, events and health, and its hostile text as text", async () => {
    const { client, visitor } = await newShop();
    const description = '<script>alert(1)</script>\u202Eevil" onx=';
    await endpoint(client, URL, { description, events: ["refund.failed", "dispute.opened"] });
    await endpoint(client, `${URL}/off`, { enabled: false });
    const { text } = await visitor.get(WEBHOOKS);
    expect(text).toContain(`<bdi>${URL}</bdi>`);
    expect(text).toContain("refund.failed and 1 more");
    expect(text).toContain("No failures");
    expect(text).toContain('<span class="status bad">disabled</span>');
    expect(text).not.toContain("<script>alert");
    expect(text).toContain("&lt;script&gt;alert(1)");
  });

  it("A key that may only read sees endpoints and no change, and can do none", async () => {
    const owner = await newShop();
    const made = await endpoint(owner.client, URL);
    const { visitor } = await newShop(["webhooks:read"]);
    expect((await visitor.get(WEBHOOKS)).text).not.toMatch(/Add an endpoint|Rotate/);
    for (const path of [pathOf(made.id), `${pathOf(made.id)}/test`, `${WEBHOOKS}/endpoints`]) {
      expect((await visitor.post(path, { url: URL })).status).toBe(403);
    }
    expect((await visitor.get(`${WEBHOOKS}/new`)).status).toBe(403);
  });

  it("A key without a scope of webhooks, and the operator, see no page of them", async () => {
    const { visitor } = await newShop(["transactions:read"]);
    const page = await visitor.get(WEBHOOKS);
    expect([page.status, page.text]).toEqual([403, expect.stringContaining("webhooks:read")]);
  });
});

describe("adding an endpoint", () => {
  it("A form that is sent twice adds one endpoint, and one that was refused keeps its token", async () => {
    const { client, visitor } = await newShop();
    const page = await visitor.get(`${WEBHOOKS}/new`);
    const tokenIn = (text: string) => /name="once" value="([0-9a-f]{32})"/.exec(text)?.[1] ?? "";
    const once = tokenIn(page.text);
    expect(once).not.toBe("");
    const refused = await visitor.post(`${WEBHOOKS}/endpoints`, { once, url: "nowhere" });
    expect([refused.status, tokenIn(refused.text)]).toEqual([400, once]);
    const sent = { once, url: URL, events: ["*"] };
    const answers = await Promise.all(
      [1, 2].map(() => visitor.post(`${WEBHOOKS}/endpoints`, sent)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 303]);
    expect(answers.map(({ location }) => location)).toContain(`${WEBHOOKS}?notice=endpoint_exists`);
    expect(await list(client)).toHaveLength(1);
  });

  it("The secret is shown in the response to the form, which no cache keeps, and on no page after it", async () => {
    const { client, visitor } = await newShop();
    await visitor.get(`${WEBHOOKS}/new`);
    const made = await visitor.post(`${WEBHOOKS}/endpoints`, {
      url: URL,
      events: ["transaction.completed", "refund.failed"],
      description: "the shop",
    });
    expect(made.status).toBe(201);
    expect(made.headers.get("Cache-Control")).toBe("no-store");
    const secret = /value="(whsec_[^"]+)"/.exec(made.text)?.[1] ?? "";
    expect(secret).toMatch(/^whsec_.{40,}/);
    const [only] = await list(client);
    expect(only).toMatchObject({
      url: URL,
      events: ["transaction.completed", "refund.failed"],
      description: "the shop",
    });
    for (const path of [WEBHOOKS, pathOf(only?.id ?? "")]) {
      expect((await visitor.get(path)).text).not.toContain("whsec_");
    }
  });

  it("A refused form has the fault beside its field, and keeps what was entered", async () => {
    const { client, visitor } = await newShop();
    const page = await visitor.post(`${WEBHOOKS}/endpoints`, {
      url: "https://10.0.0.1/x",
      description: 'my "own"',
    });
    expect(page.status).toBe(400);
    expect(page.text).toMatch(
      /id="url"[^>]*value="https:\/\/10\.0\.0\.1\/x"[^>]*aria-invalid="true"/,
    );
    expect(page.text).toContain('id="url-fault" class="fault" role="alert"');
    expect(page.text).toContain('id="events-fault"');
    expect(page.text).toContain("my &quot;own&quot;");
    expect(await list(client)).toEqual([]);
  });
});

describe("an endpoint", () => {
  it("Another merchant's id and an id that does not exist give the same page", async () => {
    const owner = await newShop();
    const made = await endpoint(owner.client, URL);
    const { visitor } = await newShop();
    const ids = [made.id, "whe_aaaaaaaaaaaaaaaaaaaaaaaaaa", "a%2F..%2Fb", "default"];
    const pages = await Promise.all(ids.map((id) => visitor.get(pathOf(id))));
    const texts = pages.map(({ text }) => text.replace(/req_\w+|<code>[^<]*<\/code>/g, ""));
    expect(pages.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(texts).size).toBe(1);
    for (const action of ["", "/test", "/disable", "/recover"]) {
      const page = await visitor.post(`${pathOf(made.id)}${action}`, { url: URL, events: "*" });
      expect(page.status, action).toBe(404);
    }
    expect(await list(owner.client)).toMatchObject([{ url: URL, enabled: true }]);
  });

  it("A change is made, and leads back to the page, which says so", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    await visitor.get(pathOf(made.id));
    const changed = await visitor.post(pathOf(made.id), { url: `${URL}/2`, events: "*" });
    expect(changed.location).toBe(`${pathOf(made.id)}?notice=endpoint_changed`);
    expect((await visitor.follow(changed)).text).toContain("The endpoint was changed.");
    expect(await list(client)).toMatchObject([
      { url: `${URL}/2`, events: ["*"], description: null },
    ]);
  });

  it("A refused change shows the form again, with its fault and what was entered", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    const page = await visitor.post(pathOf(made.id), { url: "ftp://x.example.com", events: "*" });
    expect(page.status).toBe(400);
    expect(page.text).toContain('value="ftp://x.example.com"');
    expect(page.text).toContain('id="url-fault"');
    expect(await list(client)).toMatchObject([{ url: URL }]);
  });

  it("Disabling and enabling are one form each", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    const off = await visitor.follow(await visitor.post(`${pathOf(made.id)}/disable`));
    expect(off.text).toContain("Events that occur now are not sent to it");
    expect(await list(client)).toMatchObject([{ enabled: false }]);
    await visitor.post(`${pathOf(made.id)}/enable`);
    expect(await list(client)).toMatchObject([{ enabled: true }]);
  });

  it("A test leads to its delivery, which shows what is sent", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    const page = await visitor.follow(await visitor.post(`${pathOf(made.id)}/test`));
    expect(page.text).toContain("Delivery of webhook_endpoint.test");
    expect(page.text).toContain(`&quot;endpoint_id&quot;: &quot;${made.id}&quot;`);
    expect(await deliveries(client)).toHaveLength(1);
  });

  it("A rotated secret is shown once, with the end of the old one; an impossible overlap is refused", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    const rotate = `${WEBHOOKS}/secrets/${made.id}/rotate`;
    const page = await visitor.post(rotate, { once: token(), expires_in_seconds: "3600" });
    const secret = /value="(whsec_[^"]+)"/.exec(page.text)?.[1];
    expect(secret).toBeDefined();
    expect(secret).not.toBe(made.secret);
    expect(page.text).toContain("The previous secret signs too until");
    const refused = await visitor.post(rotate, { once: token(), expires_in_seconds: "9999999" });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('id="expires_in_seconds-fault"');
    const byDefault = await visitor.post(`${WEBHOOKS}/secrets/default/rotate`, {
      ...{ once: token(), expires_in_seconds: "0" },
    });
    expect(byDefault.text).toContain('value="whsec_');
  });

  it.each(["endpoint", "default"])(
    "A reload of the page with the new secret rotates nothing: %s",
    async (of) => {
      const { client, visitor } = await newShop();
      const id = of === "default" ? of : (await endpoint(client, URL)).id;
      const rotate = `${WEBHOOKS}/secrets/${id}/rotate`;
      const form = await visitor.get(of === "default" ? WEBHOOKS : pathOf(id));
      const once = /rotate".*?name="once" value="([0-9a-f]{32})"/s.exec(form.text)?.[1] ?? "";
      const fields = { once, expires_in_seconds: "3600" };
      expect((await visitor.post(rotate, fields)).text).toContain('value="whsec_');
      const secrets = () =>
        runInDurableObject(env.WEBHOOKS.getByName(client.merchant_id), (_, { storage }) =>
          storage.sql.exec("SELECT secret FROM secrets WHERE endpoint_id = ?", id).toArray(),
        );
      const rotated = await secrets();
      const again = await visitor.follow(await visitor.post(rotate, fields));
      expect(again.status).toBe(200);
      expect(again.text).toContain("The secret had been rotated already");
      expect(again.text).not.toContain("whsec_");
      expect(await secrets()).toEqual(rotated);
      const later = await visitor.post(rotate, { ...fields, once: token() });
      expect(later.text).toContain('value="whsec_');
    },
  );

  it("Recovering says whether there was something, and refuses a time that is none", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    const path = `${pathOf(made.id)}/recover`;
    const none = await visitor.post(path, { since: "2026-01-01T00:00", until: "" });
    expect(none.location).toContain("notice=nothing_to_recover");
    const refused = await visitor.post(path, { since: "yesterday" });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('id="since-fault"');
    expect(refused.text).toContain('value="yesterday"');
  });

  it("Deleting is confirmed on a page of its own, and can be repeated", async () => {
    const { client, visitor } = await newShop();
    const made = await endpoint(client, URL);
    const path = `${pathOf(made.id)}/delete`;
    expect((await visitor.get(path)).text).toContain("This cannot be undone");
    expect(await list(client)).toHaveLength(1);
    expect((await visitor.post(path)).location).toBe(`${WEBHOOKS}?notice=endpoint_deleted`);
    expect((await visitor.post(path)).location).toBe(`${WEBHOOKS}?notice=endpoint_deleted`);
    expect(await list(client)).toEqual([]);
  });
});
