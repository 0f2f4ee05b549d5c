/** The review queue in a browser. */
import { expect, it } from "vitest";
import { newShop } from "./support/api";
import { expectGoodPage, newVisitor, type Visitor } from "./support/browser";
import { LOOKS } from "./support/looks";

const RULES = {
  version: 0,
  rules: [
    { id: "large-amount", points: 40, when: { amount: { above: "1000" } } },
    { id: "held-by-hand", outcome: "review", when: { amount: { above: "5" } } },
  ],
};
const LONG = "x".repeat(100);

async function newQueue() {
  const shop = await newShop();
  await shop.call("PUT", "/api/v1/risk/rules", RULES);
  const payments = [
    await shop.pay({ user_id: "ann@shop.example", amount: "48250.00", description: "two laptops" }),
    await shop.pay({ user_id: LONG, amount: "1234567890", currency: "JPY" }),
    await shop.pay({ user_id: "مرحبا\u202e12", amount: "9876543.215", currency: "KWD" }),
    await shop.pay({ user_id: "cleo", amount: "12.50" }),
  ];
  return { shop, payments, ids: payments.map(({ id }) => id) };
}

const status = async ({ shop }: Awaited<ReturnType<typeof newQueue>>, id: string | undefined) =>
  (await shop.call<{ status: string }>("GET", `/api/v1/transactions/${id}`)).status;
const items = ({ page }: Visitor) => page.locator(".queue-item");
const confirmation = ({ page }: Visitor) => page.getByRole("group", { name: "Confirmation" });

/** The page's script has run when it has shown the button. */
const untilScripted = ({ page }: Visitor) => page.getByRole("button", { name: "Keys" }).waitFor();

it.each(LOOKS)("The queue is a good page: %s", async (look, options) => {
  const queue = await newQueue();
  const visitor = await newVisitor(options);
  const name = `reviews-${look}`;
  await visitor.signIn(queue.shop.key, "/console/reviews");
  await untilScripted(visitor);
  await expectGoodPage(visitor, name);
  await items(visitor).nth(1).getByRole("button", { name: "Reject" }).click();
  await confirmation(visitor).waitFor();
  await expectGoodPage(visitor, `${name}-confirm`);
  await visitor.open(`/console/reviews/${queue.ids[0]}/reject`);
  await expectGoodPage(visitor, `${name}-confirm-page`);
  await visitor.open("/console/reviews/txn_wrong/approve");
  expect(visitor.complaints.splice(0)).toEqual([expect.stringContaining("404")]);
  await queue.shop.call("POST", `/api/v1/transactions/${queue.ids[0]}/review`, {
    decision: "approve",
    reviewer: "ann",
    note: "The customer called from the number that we have on file.",
  });
  await visitor.open(`/console/reviews/${queue.ids[0]}/reject`);
  await expectGoodPage(visitor, `${name}-ended`);
});

it("An empty queue is a good page", async () => {
  const visitor = await newVisitor();
  await visitor.signIn((await newShop()).key, "/console/reviews");
  await expectGoodPage(visitor, "reviews-empty");
});

it("By keyboard: select, decide, confirm or abort, and the next payment is selected", async () => {
  const queue = await newQueue();
  const visitor = await newVisitor();
  const { page } = visitor;
  await visitor.signIn(queue.shop.key, "/console/reviews");
  await untilScripted(visitor);
  const current = () => page.locator(".queue-item[aria-current]").getAttribute("data-amount");
  await page.keyboard.press("j");
  expect(await current()).toBe("48,250.00 USD");
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  expect(await current()).toBe("9,876,543.215 KWD");
  await page.keyboard.press("k");
  expect(await current()).toBe("1,234,567,890 JPY");

  await page.keyboard.press("a");
  await confirmation(visitor).getByText("Approve 1,234,567,890 JPY?").waitFor();
  await page.keyboard.press("Escape");
  expect(await confirmation(visitor).count()).toBe(0);
  expect(await status(queue, queue.ids[1])).toBe("review");

  await page.keyboard.press("n");
  await page.keyboard.type("jar");
  await page.keyboard.press("Escape");
  await page.keyboard.press("r");
  await page.keyboard.press("Enter");
  await page.getByText("Rejected. The payment has failed.").waitFor();
  expect(await status(queue, queue.ids[1])).toBe("failed");
  expect(await items(visitor).count()).toBe(3);
  expect(await current()).toBe("9,876,543.215 KWD");
  expect(visitor.complaints).toEqual([]);
});

it("The keys are shown, and can be turned off in this browser", async () => {
  const queue = await newQueue();
  const visitor = await newVisitor();
  const { page } = visitor;
  await visitor.signIn(queue.shop.key, "/console/reviews");
  await untilScripted(visitor);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys of this page" }).waitFor();
  await expectGoodPage(visitor, "reviews-keys");
  await page.getByLabel("Use these keys in this browser").uncheck();
  await page.getByRole("button", { name: "Close" }).click();
  await page.reload();
  await untilScripted(visitor);
  await page.keyboard.press("j");
  expect(await page.locator(".queue-item[aria-current]").count()).toBe(0);
});

it("Of two analysts on one payment the second is shown what the first did", async () => {
  const queue = await newQueue();
  const [ann, ben] = [await newVisitor(), await newVisitor()];
  for (const visitor of [ann, ben]) {
    await visitor.signIn(queue.shop.key, "/console/reviews");
    await untilScripted(visitor);
  }
  for (const [visitor, verb] of [
    [ann, "Approve"],
    [ben, "Reject"],
  ] as const) {
    await items(visitor).first().getByRole("button", { name: verb }).click();
    await confirmation(visitor).getByRole("button", { name: verb }).click();
    await visitor.page.waitForLoadState();
  }
  await ben.page.getByText("Your decision changed nothing").waitFor();
  await ben.page.getByRole("heading", { name: "already approved" }).waitFor();
  expect(await status(queue, queue.ids[0])).toBe("pending");
});

it("Without JavaScript a decision is confirmed on a page, with the note that was entered", async () => {
  const queue = await newQueue();
  const visitor = await newVisitor({ javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.signIn(queue.shop.key, "/console/reviews");
  expect(await page.getByRole("button", { name: "Keys" }).count()).toBe(0);
  await items(visitor).first().getByRole("textbox").fill("a note");
  await items(visitor).first().getByRole("button", { name: "Approve" }).click();
  await page.getByRole("heading", { name: "Approve 48,250.00 USD?" }).waitFor();
  expect(await page.getByLabel("Note (optional)").inputValue()).toBe("a note");
  expect(await status(queue, queue.ids[0])).toBe("review");
  await page.getByRole("button", { name: "Approve 48,250.00 USD" }).click();
  await page.getByText("Approved. The payment can be processed.").waitFor();
  expect(await status(queue, queue.ids[0])).toBe("pending");
});
