/** The operator's pages of merchants and API keys: what they show, and that each form acts once. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { newClient } from "../../../support/api";
import { newVisitor, type Page, type Visitor } from "../../../support/console";
import { jsonOf } from "../../../support/contract";
import { env } from "../../../support/env";
import {
  asAdmin,
  listed,
  MERCHANTS,
  newKey,
  statusWith,
  travel,
} from "../../../support/merchants-api";

const PAGES = "/console/merchants";
const KEY = /value="(sk_[a-z2-7]{58})"/;

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
});

const operator = () => newVisitor(env.ADMIN_TOKEN);
const tokenOf = ({ text }: Page) => /name="once" value="([0-9a-f]{32})"/.exec(text)?.[1] ?? "";
const namesOf = async () => {
  const { data } = await jsonOf<{ data: { name: string }[] }>(await asAdmin(MERCHANTS));
  return data.map(({ name }) => name);
};

describe("merchants", () => {
  it("The list is for the operator alone", async () => {
    const { key, merchant_id } = await newClient();
    const visitor = await newVisitor(key);
    for (const path of ["", "/new", `/${merchant_id}`, `/${merchant_id}/keys/key_x`]) {
      expect((await visitor.get(`${PAGES}${path}`)).status, path).toBe(403);
    }
    for (const path of ["", `/${merchant_id}/keys`]) {
      expect((await visitor.post(`${PAGES}${path}`, { name: "Mine" })).status, path).toBe(403);
    }
    expect(await namesOf()).not.toContain("Mine");
  });

  it("A merchant's hostile name is text on its page and in the list", async () => {
    const name = '<img src=x onerror="alert(1)">\u202E';
    const { id } = await jsonOf<{ id: string }>(await asAdmin(MERCHANTS, { name }));
    const visitor = await operator();
    for (const path of [PAGES, `${PAGES}/${id}`]) {
      const { status, text } = await visitor.get(path);
      expect(status).toBe(200);
      expect(text).not.toContain("<img");
      expect(text).toContain("<bdi>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;\u202E</bdi>");
    }
  });

  it("Pages of the list follow each other, and an id leads to its merchant", async () => {
    for (let count = 0; count < 27; count += 1) await asAdmin(MERCHANTS, { name: `Page ${count}` });
    const visitor = await operator();
    const first = await visitor.get(PAGES);
    const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1] ?? "";
    const second = await visitor.get(next);
    expect([first.text, second.text].map((text) => text.includes("<bdi>Page 0</bdi>"))).toEqual([
      false,
      true,
    ]);
    const { id } = await jsonOf<{ id: string }>(await asAdmin(MERCHANTS, { name: "Found" }));
    expect((await visitor.get(`${PAGES}?id=${id}`)).location).toBe(`${PAGES}/${id}`);
    for (const wrong of ["mer_none", `mer_${"a".repeat(26)}`, "%3Cscript%3E"]) {
      const page = await visitor.get(`${PAGES}?id=${wrong}`);
      expect([page.status, page.text]).toEqual([404, expect.stringContaining('id="id-fault"')]);
    }
    expect((await visitor.get(`${PAGES}/mer_none`)).status).toBe(404);
  });

  it("A form that is sent twice creates one merchant, and leads to it both times", async () => {
    const visitor = await operator();
    const once = tokenOf(await visitor.get(`${PAGES}/new`));
    const fields = { once, name: "Sent twice", default_currency: "kwd" };
    const [one, other] = await Promise.all([
      visitor.post(PAGES, fields),
      visitor.post(PAGES, fields),
    ]);
    expect(one.location).toMatch(/^\/console\/merchants\/mer_\w+\?notice=merchant_created$/);
    expect(other.location).toBe(one.location);
    expect((await namesOf()).filter((name) => name === "Sent twice")).toHaveLength(1);
    expect((await visitor.follow(one)).text).toContain("KWD");
  });

  it("A refused form keeps what was entered, and its token, and can be corrected", async () => {
    const visitor = await operator();
    const once = tokenOf(await visitor.get(`${PAGES}/new`));
    const page = await visitor.post(PAGES, { once, name: "Corrected", default_currency: "XXX" });
    expect(page.status).toBe(400);
    expect(page.text).toContain('id="default_currency-fault"');
    expect(page.text).toContain('value="Corrected"');
    expect(tokenOf(page)).toBe(once);
    const made = await visitor.post(PAGES, { once, name: "Corrected", default_currency: "EUR" });
    expect(made.status).toBe(303);
  });
});

describe("API keys", () => {
  const createKey = (visitor: Visitor, id: string, fields: Record<string, string | string[]>) =>
    visitor.post(`${PAGES}/${id}/keys`, fields, { showsKey: true });

  it("A new key is shown once, in the response to the form, and works; the same form makes no other", async () => {
    const { merchant_id } = await newClient();
    const visitor = await operator();
    const once = tokenOf(await visitor.get(`${PAGES}/${merchant_id}`));
    const fields = { once, name: "till 1", scopes: ["transactions:read", "risk:read"] };
    const made = await createKey(visitor, merchant_id, fields);
    expect([made.status, made.headers.get("Cache-Control")]).toEqual([201, "no-store"]);
    expect(await statusWith(KEY.exec(made.text)?.[1] ?? "")).toBe(200);
    const again = await visitor.follow(await visitor.post(`${PAGES}/${merchant_id}/keys`, fields));
    expect(again.text).toContain("The key had been created already");
    const keys = await listed(merchant_id);
    expect(keys).toHaveLength(2);
    expect(keys[0]?.scopes).toEqual(["transactions:read", "risk:read"]);
    expect(again.text).toContain(`…${keys[0]?.last_four}`);
  });

  it("A key without a scope is refused beside the field, and makes none", async () => {
    const { merchant_id } = await newClient();
    const visitor = await operator();
    const page = await visitor.post(`${PAGES}/${merchant_id}/keys`, { name: "none" });
    expect(page.status).toBe(400);
    expect(page.text).toContain('id="scopes-fault"');
    expect(page.text).toContain('value="none"');
    expect(await listed(merchant_id)).toHaveLength(1);
  });

  it("A replaced key stays valid for the overlap that was chosen; the form makes one new key", async () => {
    const { merchant_id } = await newClient();
    const { id } = await newKey(merchant_id, { name: "old" });
    const visitor = await operator();
    const path = `${PAGES}/${merchant_id}/keys/${id}`;
    expect((await visitor.get(path)).text).toContain("Replace the key");
    const refused = await visitor.post(`${path}/roll`, { overlap_s: "700000" });
    expect(refused.text).toContain('id="overlap_s-fault"');
    const made = await visitor.post(`${path}/roll`, { overlap_s: "3600" }, { showsKey: true });
    expect(await statusWith(KEY.exec(made.text)?.[1] ?? "")).toBe(200);
    const again = await visitor.post(`${path}/roll`, { overlap_s: "3600" });
    expect([again.status, again.text]).toEqual([
      409,
      expect.stringContaining("The key was already replaced"),
    ]);
    const page = await visitor.get(`${PAGES}/${merchant_id}`);
    expect(page.text).toContain('<span class="status wait">expiring</span>');
    travel(3_601_000);
    await visitor.signIn(env.ADMIN_TOKEN);
    expect((await visitor.get(path)).text).toContain('<span class="status plain">ended</span>');
  });

  it("Revoking is confirmed on a page of its own, and ends the key", async () => {
    const { merchant_id } = await newClient();
    const { id, key } = await newKey(merchant_id, { name: "lost" });
    const visitor = await operator();
    const path = `${PAGES}/${merchant_id}/keys/${id}/revoke`;
    expect((await visitor.get(path)).text).toContain("This cannot be undone");
    expect(await statusWith(key)).toBe(200);
    const done = await visitor.follow(await visitor.post(path));
    expect(done.text).toContain("The key was revoked.");
    expect(await statusWith(key)).toBe(401);
  });

  it("A key under another merchant's id is not found", async () => {
    const [one, other] = [await newClient(), await newClient()];
    const visitor = await operator();
    const path = `${PAGES}/${other.merchant_id}/keys/${one.key_id}`;
    expect((await visitor.get(path)).status).toBe(404);
    expect((await visitor.get(`${path}/revoke`)).status).toBe(404);
    expect((await visitor.post(`${path}/revoke`)).status).toBe(404);
    expect(await statusWith(one.key)).toBe(200);
  });
});
