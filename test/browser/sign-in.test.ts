/** Signing in and out in a browser. */
import { expect, inject, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor, ORIGIN, PHONE } from "./support/browser";

it("A merchant signs in with an API key, and the cookie is closed to scripts and other sites", async () => {
  const visitor = await newVisitor();
  await visitor.open("/console/sign-in?next=%2Fconsole%2Fpayments%3Fstatus%3Dfailed");
  await expectGoodPage(visitor, "sign-in");
  await visitor.page.getByLabel("API key or admin token").fill(inject("demoKey"));
  await visitor.page.getByRole("button", { name: "Sign in" }).click();
  await visitor.page.waitForURL(`${ORIGIN}/console/payments?status=failed`);
  const cookies = await visitor.context.cookies();
  expect(cookies).toEqual([
    expect.objectContaining({ name: "console-session", httpOnly: true, sameSite: "Strict" }),
  ]);
  expect(await visitor.page.evaluate("document.cookie")).toBe("");
});

it.each(["light", "dark"] as const)(
  "The sign-in is a good page on a phone: %s",
  async (colorScheme) => {
    const visitor = await newVisitor({ viewport: PHONE, colorScheme });
    await visitor.open("/console");
    await expectGoodPage(visitor, `sign-in-phone-${colorScheme}`);
  },
);

it("A wrong key is refused with words, and without a session", async () => {
  const visitor = await newVisitor();
  await visitor.open("/console");
  await visitor.page.getByLabel("API key or admin token").fill("sk_wrong");
  await visitor.page.getByRole("button", { name: "Sign in" }).click();
  await visitor.page.getByRole("alert").getByText("neither a valid API key").waitFor();
  expect(await visitor.context.cookies()).toEqual([]);
  // The response has the status 401, which a browser prints.
  expect(visitor.complaints.filter((text) => !text.includes("401"))).toEqual([]);
});

it("Signing out ends the session: its cookie opens nothing any more", async () => {
  const visitor = await newVisitor();
  await visitor.signIn((await newShop()).key);
  const [cookie] = await visitor.context.cookies();
  await visitor.page.locator("details.account summary").click();
  await visitor.page.getByRole("button", { name: "Sign out" }).click();
  await visitor.page.getByText("Signed out.").waitFor();
  expect(await visitor.context.cookies()).toEqual([]);
  if (cookie) await visitor.context.addCookies([cookie]);
  await visitor.open("/console");
  await visitor.page.getByText("The session has ended").waitFor();
});

it("The operator signs in with the admin token, and sees no page of a merchant", async () => {
  const visitor = await newVisitor();
  await visitor.signIn(inject("adminToken"));
  const parts = visitor.page.getByRole("navigation", { name: "Console" }).getByRole("link");
  expect(await parts.allTextContents()).toEqual(["Overview", "Merchants"]);
});
