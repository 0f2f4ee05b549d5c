/** `npm run books`: what it sends, what it says, and how it ends. */
import { json } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../scripts/books/commands";
import { HELP, readOptions } from "../scripts/books/options";
import { type Fake, sendJson, serve } from "./support/http-server";

const TOKEN = "an-admin-token";
let fake: Fake | undefined;
afterEach(() => fake?.close());

type Reply = { status: number; body: object };
const ok = (phase: string, rows = 0, wait_ms = 0): Reply => ({
  status: 200,
  body: { phase, rows, wait_ms },
});

/** An API that gives these replies in turn. */
async function startApi(replies: Reply[]) {
  const sent: unknown[] = [];
  fake = await serve(async (request, response) => {
    const body = request.method === "POST" ? await json(request) : undefined;
    sent.push([request.method, request.url, request.headers.authorization, body]);
    const reply = replies.shift() ?? { status: 500, body: {} };
    sendJson(response, reply.status, reply.body);
  });
  return { url: fake.url, sent };
}

async function runWith(replies: Reply[], ...args: string[]) {
  const { url, sent } = await startApi(replies);
  const said: string[] = [];
  const pauses: number[] = [];
  const options = readOptions([...args, "--url", url, "--token", TOKEN], {});
  if (!options) throw new Error("help was not wanted");
  const pause = async (ms: number) => {
    pauses.push(ms);
  };
  const code = await run(options, (line) => said.push(line), pause);
  return { code, said, sent, pauses };
}

describe("npm run books", () => {
  it("Repeats the request of a move until it is done, also after the API was busy, and waits as long as it says", async () => {
    const busy = { status: 503, body: { detail: "Busy." } };
    const replies = [ok("copying", 20), busy, ok("copying", 5), ok("deleting", 0, 700), ok("done")];
    const { code, said, sent, pauses } = await runWith(replies, "move", "mer_a", "--to", "2");
    expect(code).toBe(0);
    expect(said).toEqual([
      "copying: 20 rows",
      "copying: 25 rows",
      "deleting: 0 rows",
      "Moved: mer_a is in book 2.",
    ]);
    expect(pauses).toEqual([1_000, 700]);
    const path = "/api/v1/operations/book-moves";
    const body = { merchant_id: "mer_a", book: 2 };
    expect(sent).toEqual(Array.from({ length: 5 }, () => ["POST", path, `Bearer ${TOKEN}`, body]));
  });

  it("Ends with 1 and the difference when the copy is not the same, and with a fault when it is refused", async () => {
    const failed = { status: 409, body: { detail: "The copy differs from its source: payments." } };
    const { code, said } = await runWith([failed], "move", "mer_a", "--to", "2");
    expect([code, said]).toEqual([1, ["409 The copy differs from its source: payments."]]);
    fake?.close();
    const refused = { status: 409, body: { detail: "The merchant is being moved to book 3." } };
    await expect(runWith([refused], "move", "mer_a", "--to", "2")).rejects.toThrow("to book 3");
  });

  it("Lists the books, those that do not respond, and moves, also as JSON", async () => {
    const body = {
      data: [
        { book: 1, merchants: 3, bytes: 8_412_700_000 },
        { book: 2, merchants: 0, bytes: null },
      ],
      moves: [{ merchant_id: "mer_a", from_book: 1, to_book: 2, phase: "copying" }],
    };
    const { said } = await runWith([{ status: 200, body }], "list");
    expect(said).toEqual([
      "book  merchants  size\n1     3          8412.7 MB\n2     0          does not respond",
      "mer_a moves from book 1 to book 2: copying",
    ]);
    fake?.close();
    const asJson = await runWith([{ status: 200, body }], "list", "--json");
    expect(JSON.parse(asJson.said.join())).toEqual(body);
  });

  it.each([
    [[], "Name a command"],
    [["forget"], "Name a command"],
    [["move", "--to", "2"], "Name the merchant"],
    [["move", "mer_a"], "--to"],
    [["move", "mer_a", "--to", "0"], "--to"],
    [["move", "mer_a", "mer_b", "--to", "2"], "too much"],
    [["list", "--to", "2"], "no option --to"],
    [["move", "mer_a", "--to", "2", "--json"], "no option --json"],
  ])("Refuses the arguments %j", (args, message) => {
    expect(() => readOptions([...args, "--token", TOKEN], {})).toThrow(message);
  });

  it("Shows its help", () => {
    expect(readOptions(["--help"], {})).toBeUndefined();
    expect(HELP).toContain("move MERCHANT --to N");
  });
});
