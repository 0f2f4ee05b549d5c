/** The overview in a browser. */
import { beforeAll, expect, inject, it } from "vitest";
import { eventually } from "../support/eventually";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor, PHONE, type Visitor } from "./support/browser";
import { LOOKS } from "./support/looks";

let shop: Awaited<ReturnType<typeof newShop>>;

beforeAll(async () => {
  shop = await newShop();
  // The default rules block large amounts.
  await shop.call("PUT", "/api/v1/risk/rules", { version: 0, rules: [] });
  const pay = (body: object) => shop.pay({ ...body, process: true });
  await pay({ amount: "1234567.89" });
  await pay({ amount: "50.00" });
  await pay({ amount: "9876543210", currency: "JPY" });
  await pay({ amount: "123456.789", currency: "KWD" });
  await pay({ amount: "90.01" }); // Declined by the sandbox.
  await shop.call("POST", "/api/v1/webhook-endpoints", {
    url: `https://receiver.example.com/${"a-long-path".repeat(40)}`,
    events: ["*"],
    enabled: false,
  });
});

const RANGES = ["1h", "24h", "7d", "30d"];

const canvases = ({ page }: Visitor) => page.locator(".chart canvas");
const legend = ({ page }: Visitor, chart: string) =>
  page.locator(`[data-legend="${chart}"] .legend-value`).allTextContents();

it.each(LOOKS)("A merchant's overview is a good page: %s", async (name, options) => {
  const visitor = await newVisitor(options);
  await visitor.signIn(shop.key);
  for (const range of RANGES) {
    await visitor.open(`/console?range=${range}`);
    const charts = range === "1h" ? 0 : 2;
    if (charts > 0)
      await canvases(visitor)
        .nth(charts - 1)
        .waitFor();
    expect(await canvases(visitor).count()).toBe(charts);
    await expectGoodPage(visitor, `overview-${range}-${name}`);
  }
});

it.each(LOOKS)("The operator's overview is a good page: %s", async (name, options) => {
  const visitor = await newVisitor(options);
  await visitor.signIn(inject("adminToken"));
  await canvases(visitor).nth(1).waitFor();
  await visitor.page.getByText("Each shard").click();
  await expectGoodPage(visitor, `overview-operator-${name}`);
});

it("The first use is a good page", async () => {
  const visitor = await newVisitor({ viewport: PHONE });
  await visitor.signIn((await newShop()).key);
  await visitor.page.getByText("No payments yet").waitFor();
  await expectGoodPage(visitor, "overview-first-use");
});

it("The legend shows the point under the pointer, and the whole time without one", async () => {
  const visitor = await newVisitor();
  await visitor.signIn(shop.key, "/console?range=24h");
  const chart = canvases(visitor).first();
  await chart.waitFor();
  const { x, y, width, height } = (await chart.boundingBox()) ?? {
    x: 0,
    y: 0,
    width: 0,
    height: 0,
  };
  expect(await legend(visitor, "outcomes")).toEqual(["4", "1", "0"]);
  await visitor.page.mouse.move(x + width / 2, y + height / 2);
  expect(await legend(visitor, "outcomes")).toEqual(["0", "0", "0"]);
  expect(await visitor.page.locator(".chart-at").first().textContent()).toMatch(/:00:00/);
  await visitor.page.mouse.move(x + width - 20, y + height / 2);
  const last = visitor.page.locator("#outcomes-table tbody tr").last().locator("td");
  expect(await legend(visitor, "outcomes")).toEqual(await last.allTextContents());
  await visitor.page.mouse.move(0, 0);
  expect(await visitor.page.locator(".chart-at").first().textContent()).toBe("");
  expect(visitor.complaints).toEqual([]);
});

/** Of each colour of the first legend, how many pixels of the first chart have it. */
const COLOURS_DRAWN = `(() => {
  const chart = document.querySelector(".chart canvas");
  const { data } = chart.getContext("2d").getImageData(0, 0, chart.width, chart.height);
  const drawn = new Uint32Array(data.buffer);
  return [...document.querySelectorAll("[data-legend=outcomes] .swatch")].map((swatch) => {
    const one = new OffscreenCanvas(1, 1).getContext("2d");
    one.fillStyle = getComputedStyle(swatch).backgroundColor;
    one.fillRect(0, 0, 1, 1);
    const [colour] = new Uint32Array(one.getImageData(0, 0, 1, 1).data.buffer);
    return drawn.filter((pixel) => pixel === colour).length;
  });
})()`;

it("A bar has the colours of its legend", async () => {
  const visitor = await newVisitor();
  await visitor.signIn(shop.key, "/console?range=24h");
  await canvases(visitor).nth(1).waitFor();
  await eventually(async () => {
    const [completed = 0, declined = 0, blocked] = (await visitor.page.evaluate(
      COLOURS_DRAWN,
    )) as number[];
    expect(completed).toBeGreaterThan(declined);
    expect(declined).toBeGreaterThan(0);
    expect(blocked).toBe(0);
  });
});

it("A chart follows the colour scheme and the width of the window", async () => {
  const visitor = await newVisitor();
  const { page } = visitor;
  await visitor.signIn(shop.key, "/console?range=24h");
  await canvases(visitor).nth(1).waitFor();
  const pixels = () =>
    page.evaluate("document.querySelector('.chart canvas').toDataURL()") as Promise<string>;
  const light = await pixels();
  await page.emulateMedia({ colorScheme: "dark" });
  await eventually(async () => expect(await pixels()).not.toBe(light));
  expect(await canvases(visitor).count()).toBe(2);
  await page.setViewportSize(PHONE);
  const overflow = "document.documentElement.scrollWidth - innerWidth";
  await eventually(async () => expect(await page.evaluate(overflow)).toBe(0));
  await eventually(async () => {
    expect((await canvases(visitor).first().boundingBox())?.width).toBeLessThan(330);
  });
  await expectGoodPage(visitor, "overview-resized");
});

it("The currency of the volume is chosen by a link, and kept by none of the others", async () => {
  const visitor = await newVisitor();
  await visitor.signIn(shop.key, "/console?range=7d");
  await visitor.page.getByRole("heading", { name: "Volume in USD" }).waitFor();
  expect(await legend(visitor, "volume")).toEqual(["1,234,617.89"]);
  await visitor.page.getByRole("link", { name: "KWD" }).click();
  await visitor.page.getByRole("heading", { name: "Volume in KWD" }).waitFor();
  expect(await legend(visitor, "volume")).toEqual(["123,456.789"]);
  expect(new URL(visitor.page.url()).search).toBe("?range=7d&currency=KWD");
});

it("Without JavaScript the tables have the numbers, and no empty chart is shown", async () => {
  const visitor = await newVisitor({ javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.open("/console/sign-in");
  await page.getByLabel("API key or admin token").fill(shop.key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Payments by outcome" }).waitFor();
  expect(await page.locator(".chart").first().isVisible()).toBe(false);
  await page.getByText("The numbers as a table").first().click();
  const rows = page.locator("#outcomes-table tbody tr");
  expect(await rows.count()).toBe(24);
  const shown = await rows.locator("td").allTextContents();
  expect(shown.filter((text) => text !== "0")).toEqual(["4", "1"]);
});
