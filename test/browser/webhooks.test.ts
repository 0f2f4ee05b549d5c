/** Webhooks in a browser: endpoints, the delivery log, and the live tail. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor, ORIGIN } from "./support/browser";
import { LOOKS } from "./support/looks";

const WEBHOOKS = "/console/webhooks";
const LIVE = `${WEBHOOKS}/live`;

/** Responds 204, and 500 below /fails. */
const receiver = createServer((request, response) => {
  request.resume();
  response.writeHead(request.url?.startsWith("/fails") ? 500 : 204).end();
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});

type Shop = Awaited<ReturnType<typeof newShop>>;
type WithId = { id: string };
const addEndpoint = (shop: Shop, url: string, more: object = {}) =>
  shop.call<WithId>("POST", "/api/v1/webhook-endpoints", { url, ...more });

/** The newest delivery, when it has been attempted. */
async function attempted(shop: Shop, endpoint: string): Promise<string> {
  for (;;) {
    const path = `/api/v1/webhook-deliveries?endpoint_id=${endpoint}`;
    const { data } = await shop.call<{ data: (WithId & { attempts: unknown[] })[] }>("GET", path);
    const done = data.find(({ attempts }) => attempts.length > 0);
    if (done) return done.id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

it("Endpoints, deliveries and the live tail are good pages on a desktop and on a phone, light and dark", async () => {
  const shop = await newShop("The bookshop");
  const good = await addEndpoint(shop, `${origin}/orders`, { description: "The order system" });
  const bad = await addEndpoint(shop, `${origin}/fails/${"p".repeat(500)}`, {
    events: ["transaction.completed", "transaction.created", "dispute.opened"],
    description: `${"w".repeat(400)} \u202Eevil`,
  });
  await addEndpoint(shop, `${origin}/old`, { enabled: false });
  await shop.pay({ amount: "1234.505", currency: "KWD" });
  await shop.pay({ amount: "99999999.99" });
  await shop.pay({ amount: "123456", currency: "JPY" });
  const [delivered, failed] = [await attempted(shop, good.id), await attempted(shop, bad.id)];
  for (const [name, options] of LOOKS) {
    const visitor = await newVisitor(options);
    await visitor.signIn(shop.key, WEBHOOKS);
    await expectGoodPage(visitor, `webhooks-${name}`);
    const pages = {
      "webhooks-endpoint": `${WEBHOOKS}/endpoints/${bad.id}`,
      "webhooks-new": `${WEBHOOKS}/new`,
      "webhooks-delete": `${WEBHOOKS}/endpoints/${bad.id}/delete`,
      "webhooks-deliveries": `${WEBHOOKS}/deliveries`,
      "webhooks-delivered": `${WEBHOOKS}/deliveries/${delivered}`,
      "webhooks-failed": `${WEBHOOKS}/deliveries/${failed}`,
      "webhooks-live": LIVE,
    };
    for (const [page, path] of Object.entries(pages)) {
      await visitor.open(path);
      await expectGoodPage(visitor, `${page}-${name}`);
    }
    await visitor.context.close();
  }
});

it("Without endpoints, deliveries and events the pages say what would be there", async () => {
  const shop = await newShop("A new shop");
  const visitor = await newVisitor();
  await visitor.signIn(shop.key, WEBHOOKS);
  await expectGoodPage(visitor, "webhooks-empty");
  await visitor.open(`${WEBHOOKS}/deliveries`);
  await expectGoodPage(visitor, "webhooks-deliveries-empty");
  await visitor.open(LIVE);
  await expectGoodPage(visitor, "webhooks-live-empty");
});

it.each([true, false])(
  "An endpoint is added, tested, rotated and deleted by its forms; with JavaScript: %s",
  async (javaScriptEnabled) => {
    const shop = await newShop();
    const visitor = await newVisitor({ javaScriptEnabled });
    const { page } = visitor;
    const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
    await visitor.signIn(shop.key, WEBHOOKS);
    await page.getByRole("link", { name: "Add an endpoint" }).click();
    await page.getByLabel("URL").fill(`${origin}/orders`);
    await page.getByLabel("Description").fill("The order system");
    await press("Add the endpoint");
    const secret = page.getByLabel("Signing secret").last();
    expect(await secret.inputValue()).toMatch(/^whsec_/);
    if (javaScriptEnabled) {
      await visitor.context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await press("Copy");
      await page.getByText("Copied.").waitFor();
      await expectGoodPage(visitor, "webhooks-secret");
    }
    await page.getByRole("link", { name: "To the endpoint" }).click();
    await press("Send a test event");
    await page.getByRole("heading", { name: "Delivery of webhook_endpoint.test" }).waitFor();
    await page.getByRole("link", { name: /^whe_/ }).click();
    await page.getByLabel("Both secrets sign for").selectOption("0");
    await press("Rotate the secret");
    await page.getByRole("heading", { name: "Secret rotated" }).waitFor();
    await page.getByRole("link", { name: "To the endpoint" }).click();
    await page.getByRole("link", { name: "Delete the endpoint…" }).click();
    await press("Delete the endpoint");
    await page.getByText("The endpoint was deleted.").waitFor();
    await page.getByText("No endpoints yet").waitFor();
    expect(visitor.complaints).toEqual([]);
  },
);

it("A refused URL keeps the form, with the fault beside the field", async () => {
  const visitor = await newVisitor();
  await visitor.signIn((await newShop()).key, `${WEBHOOKS}/new`);
  await visitor.page.getByLabel("URL").fill("ftp://files.example.com/x");
  await visitor.page.getByRole("button", { name: "Add the endpoint" }).click();
  await visitor.page.locator("#url-fault").waitFor();
  expect(await visitor.page.getByLabel("URL").inputValue()).toBe("ftp://files.example.com/x");
  visitor.complaints.length = 0; // A browser prints the status 400.
  await expectGoodPage(visitor, "webhooks-refused");
});

it("Events appear by themselves, wait while the tail is paused, and it stops when the session ends", async () => {
  const shop = await newShop();
  const visitor = await newVisitor();
  const { page } = visitor;
  const rows = page.locator("#events tr");
  const until = (count: number) => rows.nth(count - 1).waitFor();
  await visitor.signIn(shop.key, LIVE);
  await page.getByText("No events yet").waitFor();
  const first = await shop.pay();
  await until(1);
  expect(await rows.first().textContent()).toContain(first.id);
  await page.getByText("1 new event.").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused.").waitFor();
  let polls = 0;
  page.on("request", (request) => {
    if (request.url().includes("/live/rows")) polls += 1;
  });
  const second = await shop.pay();
  await page.waitForTimeout(2_500); // Longer than the interval: there is nothing to wait for.
  expect(polls).toBe(0);
  await page.getByRole("button", { name: "Continue" }).click();
  await until(2);
  expect(await rows.first().textContent()).toContain(second.id);
  await expectGoodPage(visitor, "webhooks-live-running");
  await visitor.context.clearCookies();
  await page.getByRole("link", { name: "Sign in again" }).waitFor();
  polls = 0;
  await page.waitForTimeout(2_500);
  expect(polls).toBe(0);
});

it("A tail that is refused slows down and says why, and goes on when it is not", async () => {
  const shop = await newShop();
  const visitor = await newVisitor();
  const { page } = visitor;
  let status = 429;
  let polls = 0;
  await page.route("**/live/rows*", async (route) => {
    polls += 1;
    if (status === 200) await route.continue();
    else await route.fulfill({ status, body: "" });
  });
  await visitor.signIn(shop.key, LIVE);
  await page.getByText("quota of list requests is used up").waitFor();
  await page.waitForTimeout(2_500);
  expect(polls).toBe(1);
  status = 200;
  await shop.pay();
  await page.locator("#events tr").first().waitFor();
  await page.getByText("Live: updated every 2 seconds.").waitFor();
});

it("Without JavaScript a link loads the events that came after the page", async () => {
  const shop = await newShop();
  const visitor = await newVisitor({ javaScriptEnabled: false });
  await visitor.signIn(shop.key, LIVE);
  const { id } = await shop.pay();
  await visitor.page.getByRole("link", { name: "Load newer events" }).click();
  await visitor.page.waitForURL(`${ORIGIN}${LIVE}?cursor=*`);
  expect(await visitor.page.locator("#events").textContent()).toContain(id);
});
