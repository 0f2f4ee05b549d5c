/** How sessions end at the wrong moment: before a form is sent, and while D1 fails. */
import { afterEach, expect, it } from "vitest";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { forgetSessions } from "../../../../src/console/access/session";
import { newClient } from "../../../support/api";
import { newVisitor, Visitor } from "../../../support/console";
import { env } from "../../../support/env";

const SIGN_OUT = "/console/sign-out";

afterEach(() => {
  forgetKeys();
  forgetSessions();
});

/** D1 reads, and stores nothing. */
const readOnly = {
  env: {
    ...env,
    DB: {
      prepare: (sql: string) => {
        if (/^(delete|insert|update)/i.test(sql)) throw new Error("D1 is read-only");
        return env.DB.prepare(sql);
      },
      batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
    },
  },
};

it("A form that is sent after the session has ended does nothing, and the sign-in says so", async () => {
  const client = await newClient();
  const { id } = await client.created();
  const visitor = await newVisitor(client.key);
  const { cookie } = visitor;
  await visitor.post(SIGN_OUT);
  const fields = { version: "1", key: `console_${"a".repeat(26)}`, confirm: "yes" };
  // The browser has deleted the cookie when it expired, or still has it when the key was revoked.
  for (const held of [undefined, cookie]) {
    visitor.cookie = held;
    const page = await visitor.post(`/console/payments/${id}/cancel`, fields);
    const { text } = await visitor.follow(page);
    expect(text).toContain("Nothing was done: the session had ended.");
  }
  expect(await (await client.get(`/api/v1/transactions/${id}`)).json()).toMatchObject({
    status: "pending",
  });
});

it("While D1 fails a sign-out still deletes the cookie, and says what it could not end", async () => {
  const { key } = await newClient();
  const [one, other] = [await newVisitor(key), await newVisitor(key)];
  const page = await one.post(SIGN_OUT, { sessions: "this" }, readOnly);
  expect([one.cookie, (await one.follow(page)).text]).toEqual([
    undefined,
    expect.stringContaining("Signed out."),
  ]);
  const all = await other.post(SIGN_OUT, { sessions: "all" }, readOnly);
  expect([other.cookie, (await other.follow(all)).text]).toEqual([
    undefined,
    expect.stringContaining("other sessions of the key could not be ended"),
  ]);
});

it("The sign-in leads back to a search with every character that a browser leaves in an address", async () => {
  const { key } = await newClient();
  const path = "/console/payments?user_id=a+b%40c!$()*,;:@~&status=failed";
  const visitor = new Visitor();
  const { location } = await visitor.get(path);
  const next = new URLSearchParams(location?.split("?")[1]).get("next") ?? "";
  const page = await visitor.post("/console/sign-in", { credential: key, next });
  expect(page.location).toBe(path);
});
