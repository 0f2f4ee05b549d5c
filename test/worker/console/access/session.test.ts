/** Sessions of the console: how they begin, what they can do, and how they end. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { forgetKeys, KEY_FRESH_MS } from "../../../../src/api/middleware/authenticate";
import { forgetSessions } from "../../../../src/console/access/session";
import { BASE, call, newClient, TRANSACTIONS } from "../../../support/api";
import { newVisitor, Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { revoke, travel } from "../../../support/merchants-api";

const HOUR_MS = 3_600_000;
const SIGN_OUT = "/console/sign-out";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
  forgetSessions();
});

/** Leads to the sign-in page, which says that the session has ended. */
const ENDED = { status: 303, location: "/console/sign-in?ended=1" };

describe("signing in", () => {
  it("The cookie is closed to scripts, other sites and other hosts, and ends after eight hours", async () => {
    const { key } = await newClient();
    const visitor = new Visitor();
    const page = await visitor.post("/console/sign-in", { credential: key, next: "/console" });
    expect(page).toMatchObject({ status: 303, location: "/console" });
    const [cookie = "", ...others] = page.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^__Host-console-session=[0-9a-f]{64}; /);
    expect(cookie.split("; ").slice(1).sort()).toEqual(
      ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=Strict", "Secure"].sort(),
    );
    expect(page.headers.get("Cache-Control")).toBe("no-store");
  });

  it("Without a session every page leads to the sign-in, and from there back", async () => {
    const visitor = new Visitor();
    expect(await visitor.get("/console")).toMatchObject({ location: "/console/sign-in" });
    const overview = await visitor.get("/console?range=7d");
    expect(overview.location).toBe("/console/sign-in?next=%2Fconsole%3Frange%3D7d");
    const asked = "/console/sign-in?next=%2Fconsole%2Fpayments%3Fstatus%3Dfailed";
    const { text } = await visitor.get(asked);
    expect(text).toContain('value="/console/payments?status=failed"');
  });

  it.each(
    [
      ["https://evil.example/", "//evil.example", "/api/v1/transactions", "/console.evil.example"],
    ].flat(),
  )("A sign-in leads to pages of the console alone: %s", async (next) => {
    const { key } = await newClient();
    const page = await new Visitor().post("/console/sign-in", { credential: key, next });
    expect(page.location).toBe("/console");
  });

  it.each(["", "sk_wrong", "sk_", "not the admin token"])(
    "A wrong credential opens nothing: '%s'",
    async (credential) => {
      const visitor = new Visitor();
      const page = await visitor.post("/console/sign-in", { credential, next: "/console" });
      expect([400, 401]).toContain(page.status);
      expect(page.text).toContain('role="alert"');
      expect(visitor.cookie).toBeUndefined();
    },
  );

  it("Wrong credentials are throttled like wrong keys, and then the right one too", async () => {
    const { key } = await newClient();
    const limiter = { limit: async () => ({ success: false }) };
    const sent = {
      env: { FAILED_KEYS: limiter },
      headers: { "CF-Connecting-IP": "203.0.113.77" },
    };
    const attempt = (credential: string) =>
      new Visitor().post("/console/sign-in", { credential, next: "/console" }, sent);
    const first = await attempt("sk_wrong");
    expect([first.status, first.text]).toEqual([429, expect.stringContaining("Too many failed")]);
    expect((await attempt(key)).status).toBe(429);
  });

  it("A second sign-in ends the browser's first session", async () => {
    const { key } = await newClient();
    const visitor = await newVisitor(key);
    const first = visitor.cookie;
    await visitor.signIn(key);
    expect(visitor.cookie).not.toBe(first);
    visitor.cookie = first;
    expect(await visitor.get("/console")).toMatchObject(ENDED);
  });
});

describe("a session", () => {
  it("A session works as long as its key: it ends with the revoked key", async () => {
    const { key, key_id, merchant_id } = await newClient();
    const visitor = await newVisitor(key);
    await revoke(merchant_id, key_id);
    travel(KEY_FRESH_MS + 1);
    expect(await visitor.get("/console")).toMatchObject(ENDED);
    expect(visitor.cookie).toBeUndefined();
  });

  it("A session ends after eight hours", async () => {
    const visitor = await newVisitor((await newClient()).key);
    travel(8 * HOUR_MS - 60_000);
    expect((await visitor.get("/console")).status).toBe(200);
    travel(8 * HOUR_MS + 1);
    expect(await visitor.get("/console")).toMatchObject(ENDED);
  });

  it("The operator's session ends when the admin token is replaced", async () => {
    const visitor = await newVisitor(env.ADMIN_TOKEN);
    const replaced = { env: { ADMIN_TOKEN: "another-admin-token-0123456789-0123456789" } };
    expect(await visitor.get("/console", replaced)).toMatchObject(ENDED);
  });

  it("Signing out ends this session, or all of the key, on request", async () => {
    const { key } = await newClient();
    const [one, other, third] = [
      await newVisitor(key),
      await newVisitor(key),
      await newVisitor(key),
    ];
    const cookie = one.cookie;
    await one.post(SIGN_OUT, { sessions: "this" });
    expect(one.cookie).toBeUndefined();
    one.cookie = cookie;
    expect(await one.get("/console")).toMatchObject(ENDED);
    expect((await other.get("/console")).status).toBe(200);
    await other.post(SIGN_OUT, { sessions: "all" });
    expect(await third.get("/console")).toMatchObject(ENDED);
  });

  it("A session's cookie is no credential of the API", async () => {
    const { cookie = "" } = await newVisitor((await newClient()).key);
    expect((await call(TRANSACTIONS, { headers: { Cookie: cookie } })).status).toBe(401);
  });

  it("The store has no token, and expired sessions are deleted by later sign-ins", async () => {
    const { key } = await newClient();
    const visitor = await newVisitor(key);
    const token = visitor.cookie?.split("=")[1];
    const read = () => env.DB.prepare("SELECT * FROM console_sessions").all();
    const before = await read();
    expect(JSON.stringify(before.results)).not.toContain(token);
    travel(9 * HOUR_MS);
    await newVisitor(key);
    expect((await read()).results.length).toBeLessThanOrEqual(before.results.length);
    expect((await read()).results.filter((row) => Number(row.expires_at) < Date.now())).toEqual([]);
  });
});

describe("a form", () => {
  const refused = { status: 403 };

  it("A form without the session's proof, or with another session's, is refused", async () => {
    const { key } = await newClient();
    const [visitor, other] = [await newVisitor(key), await newVisitor(key)];
    for (const csrf of ["", "0".repeat(64), other.csrf]) {
      expect(await visitor.post(SIGN_OUT, { csrf })).toMatchObject(refused);
    }
    expect((await visitor.get("/console")).status).toBe(200);
  });

  it.each([
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { Origin: "https://evil.example" },
    { Origin: "null" },
  ])("A form of another site is refused, the sign-in included: %o", async (headers) => {
    const { key } = await newClient();
    const visitor = await newVisitor(key);
    expect(await visitor.post(SIGN_OUT, {}, { headers })).toMatchObject(refused);
    const signIn = { credential: key, next: "/console" };
    const stranger = new Visitor();
    expect(await stranger.post("/console/sign-in", signIn, { headers })).toMatchObject(refused);
    expect(stranger.cookie).toBeUndefined();
  });

  it("The console's own pages may send forms", async () => {
    const visitor = await newVisitor((await newClient()).key);
    const headers = { Origin: BASE, "Sec-Fetch-Site": "same-origin" };
    expect(await visitor.post(SIGN_OUT, {}, { headers })).toMatchObject({ status: 303 });
  });

  it("Another media type is refused", async () => {
    const visitor = await newVisitor((await newClient()).key);
    const headers = { "Content-Type": "text/plain" };
    expect(await visitor.post(SIGN_OUT, {}, { headers })).toMatchObject({ status: 415 });
  });
});

describe("while D1 fails", () => {
  const failing = {
    env: {
      DB: {
        prepare() {
          throw new Error("down");
        },
      },
    },
  };

  it("A session that this isolate has seen goes on; another one cannot be verified", async () => {
    const visitor = await newVisitor((await newClient()).key);
    expect((await visitor.get("/console/nowhere", failing)).text).toContain('aria-label="Console"');
    forgetSessions();
    const page = await visitor.get("/console", failing);
    expect([page.status, page.text]).toEqual([503, expect.stringContaining("unavailable")]);
    expect(visitor.cookie).toBeDefined();
  });
});
