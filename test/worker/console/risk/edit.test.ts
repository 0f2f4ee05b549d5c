/** Editing the fraud rules in the console. */
import { beforeEach, describe, expect, it } from "vitest";
import { parseRulesText } from "../../../../src/console/risk/edit/rules-text";
import { type Client, newClient } from "../../../support/api";
import { newVisitor, type Page, type Visitor } from "../../../support/console";
import { CARD, current, written } from "../../../support/risk-api";

const EDIT = "/console/risk/edit";
const RULE = { id: "large", outcome: "block", when: { amount: { above: "5" } } };

let shop: Client;
let visitor: Visitor;
beforeEach(async () => {
  shop = await newClient();
  visitor = await newVisitor(shop.key);
});

const unescaped = (html: string) =>
  html
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
const textIn = ({ text }: Page) =>
  unescaped(/<textarea[^>]*>\n([^<]*)<\/textarea>/.exec(text)?.[1] ?? "no text");
/** Line, column and words of each fault. */
const faultsIn = ({ text }: Page) =>
  [...text.matchAll(/>Line (\d+), column (\d+)<\/a>:(.*?)<\/li>/gs)].map(
    ([, line, column, rest = ""]) => {
      const words = rest.replace(/<code class="fault-source">.*/s, "").replace(/<[^>]*>/g, " ");
      return `${line}:${column} ${unescaped(words).replace(/\s+/g, " ").trim()}`;
    },
  );

describe("the editor", () => {
  it("It begins with the rules in force, or with an earlier version, and saves the next one", async () => {
    await written(shop, { rules: [RULE] });
    await written(shop, { rules: [] });
    const page = await visitor.get(EDIT);
    expect(JSON.parse(textIn(page))).toMatchObject({ rules: [], block_score: 70 });
    const earlier = await visitor.get(`${EDIT}?from=1`);
    expect(earlier.text).toContain('name="version" value="2"');
    const saved = await visitor.post(EDIT, { version: "2", text: textIn(earlier) });
    expect((await visitor.follow(saved)).text).toContain("Saved. The rules are in force");
    expect(await current(shop)).toMatchObject({ version: 3, rules: [RULE] });
    expect((await visitor.get(`${EDIT}?from=99`)).status).toBe(404);
  });

  it("The API's messages are shown at their places, and the text is kept", async () => {
    const text = `{
  "rules": [
    {"id": "one", "points": 500, "when": {"amuont": {"above": "5"}}},
    {"id": "two", "outcome": "block",
      "when": {"all": [
        {"currency": ["USD", "XXX"]},
        {"metadata": "a/b~c", "in": ["${CARD}"], "<b>": 1}
      ]}}
  ],
  "block_score": 0
}`;
    const page = await visitor.post(EDIT, { version: "0", text });
    expect(page.status).toBe(400);
    expect(textIn(page)).toBe(text);
    expect(page.text).toContain('aria-invalid="true" aria-describedby="faults"');
    const faults = faultsIn(page);
    for (const start of [
      "3:19 rules/0/points must be a whole number from 1 to 100",
      "3:34 rules/0/when must have one of",
      "6:30 rules/1/when/all/0/currency/1 ",
      "7:38 rules/1/when/all/1/in/0 must not contain a card number",
      "7:59 rules/1/when/all/1/<b> is not a known field",
      "10:3 block_score must be",
    ]) {
      expect(
        faults.some((fault) => fault.startsWith(start)),
        `${start} in ${faults}`,
      ).toBe(true);
    }
    expect((await current(shop)).version).toBe(0);
  });

  it.each([
    ["a missing value", '{\n  "rules": [}\n}', "2:13 A value is missing here."],
    ["a comma at the end", '{"rules": [],}', "1:14 A name in double quotes is missing here."],
    ["a comment", '{"rules": [] // none\n}', "1:14 JSON has no comments."],
    ["a repeated member", '{"rules": [],\n "rules": []}', "2:2 rules appears more than once"],
    ["a list", "[]", "1:1 The rules must be one object of JSON."],
    ["nothing", "", "1:1 A value is missing here."],
    ["too many brackets", "[".repeat(60_000), "1:1 It is nested too deeply."],
  ])("A text that is no JSON of rules is refused at its place: %s", async (_, text, fault) => {
    const page = await visitor.post(EDIT, { version: "0", text });
    expect([page.status, faultsIn(page)[0]]).toEqual([400, fault]);
    expect(textIn(page)).toBe(text);
  });

  it("After a conflict the page shows what was saved meanwhile, and keeps the text", async () => {
    await written(shop, { rules: [RULE] });
    await written(shop, { rules: [{ ...RULE, outcome: "review" }], block_score: 60 });
    const text = '{"rules": []}';
    const page = await visitor.post(EDIT, { version: "1", text });
    expect([page.status, textIn(page)]).toEqual([409, text]);
    for (const part of [
      "Saved meanwhile",
      "block_score",
      "<del>",
      "save it over version 2",
      'name="version" value="1"',
    ]) {
      expect(page.text).toContain(part);
    }
    expect((await visitor.post(EDIT, { version: "1", text })).status).toBe(409);
    expect((await current(shop)).version).toBe(2);
    expect((await visitor.post(EDIT, { version: "1", over: "2", text })).status).toBe(303);
    expect(await current(shop)).toMatchObject({ version: 3, rules: [] });
  });

  it("A whole rule set that is sent twice is saved once, and both responses say that it is saved", async () => {
    await written(shop, { rules: [RULE] });
    const page = await visitor.get(EDIT);
    const rules = { ...JSON.parse(textIn(page)), block_score: 60 };
    const sent = { version: "1", text: JSON.stringify(rules) };
    const [one, other] = await Promise.all([visitor.post(EDIT, sent), visitor.post(EDIT, sent)]);
    const later = await visitor.post(EDIT, sent);
    for (const { status, location } of [one, other, later]) {
      expect([status, location]).toEqual([303, "/console/risk?notice=rules_saved"]);
    }
    expect(await current(shop)).toMatchObject({ version: 2, block_score: 60 });
  });

  it("Of a form with a part of a rule set that is sent twice, the second is a conflict", async () => {
    const sent = { version: "0", text: '{"rules": []}' };
    const pages = [await visitor.post(EDIT, sent), await visitor.post(EDIT, sent)];
    expect(pages.map(({ status }) => status)).toEqual([303, 409]);
    expect((await current(shop)).version).toBe(1);
  });

  it("Only keys with risk:write edit", async () => {
    const reader = await newVisitor((await newClient(["risk:read"])).key);
    expect((await reader.get(EDIT)).status).toBe(403);
    for (const path of [EDIT, `${EDIT}/backtest`]) {
      expect((await reader.post(path, { version: "0", text: "{}" })).status).toBe(403);
    }
    expect((await visitor.post(EDIT, { text: "{}" })).status).toBe(400);
  });
});

describe("a backtest", () => {
  const BACKTEST = `${EDIT}/backtest`;
  const sent = { version: "0", from: "", to: "", limit: "100" };

  it("It shows what would have been decided otherwise, and saves nothing", async () => {
    const { id } = await shop.created({ amount: 10 });
    await shop.created({ amount: 1 });
    const text = JSON.stringify({ rules: [RULE] });
    const page = await visitor.post(BACKTEST, { ...sent, text });
    expect(page.status).toBe(200);
    for (const part of [
      "Result for 2 payments",
      "<dt>approved, now blocked</dt><dd><strong>1</strong></dd>",
      "<dt>Decided as before</dt><dd>1</dd>",
      `/console/payments/${id}`,
      "10 USD is above 5",
    ]) {
      expect(page.text).toContain(part);
    }
    expect(textIn(page)).toBe(text);
    expect((await current(shop)).version).toBe(0);
    const before = await visitor.post(BACKTEST, { ...sent, text, to: "2020-01-01T00:00" });
    expect(before.text).toContain("No payment was created in this time.");
  });

  it("What is wrong is shown at its place: in the text, or beside the field", async () => {
    const wrong = await visitor.post(BACKTEST, { ...sent, text: '{"rules": 1}' });
    expect([wrong.status, faultsIn(wrong)]).toEqual([400, ["1:2 rules must be a list of rules"]]);
    const time = await visitor.post(BACKTEST, { ...sent, text: '{"rules": []}', from: "today" });
    expect([time.status, time.text]).toEqual([400, expect.stringContaining('id="from-fault"')]);
    expect(time.text).toContain('value="today"');
  });
});

it("A place that does not exist is shown at what is nearest to it", () => {
  const parsed = parseRulesText('{"rules": [\n  {"id": "a"}\n]}');
  if (!parsed.ok) throw new Error("It is valid.");
  expect(parsed.locate("#/rules/0/when", "is required")).toMatchObject({ line: 2, column: 3 });
  expect(parsed.locate("#/nothing", "is required")).toMatchObject({ line: 1, column: 1 });
});
