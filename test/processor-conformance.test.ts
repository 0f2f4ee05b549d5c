/** The conformance suite of HTTP processors: one that keeps the contract passes, and each that breaks it in one way is
 *  found out by the check of that rule. */
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Options, readOptions, UsageError } from "../scripts/conformance/options";
import { CHECKS, checkProcessor, tableOf } from "../scripts/conformance/suite";
import { type SimulatedProcessor, startProcessor } from "../simulate/system/processor";
import { type Fake, serve } from "./support/http-server";

const TOKEN = "a-token-for-tests";

/** A request on its way to the processor, or a response on its way back. */
type Sent = { method: string; path: string; key: string | undefined; token: string; body: string };
type Reply = { status: number; body: string };
type Fault = {
  request?: (sent: Sent) => Partial<Sent>;
  response?: (reply: Reply, sent: Sent) => Partial<Reply>;
};

let real: SimulatedProcessor;
let requests = 0;
beforeAll(async () => {
  real = await startProcessor();
});
afterAll(() => real.close());

/** A processor that checks the token and has one fault. */
async function startFaulty({ request, response }: Fault): Promise<Fake> {
  return serve(async (incoming, outgoing) => {
    const header = incoming.headers["idempotency-key"];
    const sent: Sent = {
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      key: typeof header === "string" ? header : undefined,
      token: incoming.headers.authorization ?? "",
      body: await text(incoming),
    };
    const { method, path, key, token, body } = { ...sent, ...request?.(sent) };
    if (token !== `Bearer ${TOKEN}`) return void outgoing.writeHead(401).end();
    const headers = key === undefined ? {} : { "idempotency-key": key };
    const answer = await fetch(`${real.url}${path}`, {
      ...{ method, headers },
      ...(method === "POST" ? { body } : {}),
    });
    const reply: Reply = { status: answer.status, body: await answer.text() };
    const changed = { ...reply, ...response?.(reply, sent) };
    outgoing.writeHead(changed.status, { "content-type": "application/json" }).end(changed.body);
  });
}

const OPERATIONS = ["--operations", "authorize,capture,void,refund,find"];
const DECLINED = ["--declined", '{"metadata":{"outcome":"decline"}}'];

function options(url: string): Options {
  const read = readOptions([url, "--token", TOKEN, "--wait", "0", ...OPERATIONS, ...DECLINED]);
  if (!read) throw new Error("these options are no request for help");
  return read;
}

async function failuresOf(fault: Fault): Promise<string[]> {
  const faulty = await startFaulty(fault);
  try {
    const results = await checkProcessor(options(faulty.url));
    return results.filter(({ end }) => end === "FAILS").map(({ area, rule }) => `${area}: ${rule}`);
  } finally {
    await faulty.close();
  }
}

/** Changes members of the JSON object in a response. */
const withMembers =
  (
    change: (members: Record<string, unknown>, sent: Sent) => object,
  ): NonNullable<Fault["response"]> =>
  (reply, sent) => {
    const members = JSON.parse(reply.body || "{}");
    return { body: JSON.stringify({ ...members, ...change(members, sent) }) };
  };

it("A processor that keeps the contract passes every check, and none is skipped", async () => {
  const fine = await startFaulty({});
  try {
    const results = await checkProcessor(options(fine.url));
    expect(results.filter(({ end }) => end !== "holds")).toEqual([]);
    expect(results).toHaveLength(CHECKS.length);
    expect(tableOf(results)).toContain(`${CHECKS.length} hold, 0 fail, 0 skipped.`);
  } finally {
    await fine.close();
  }
});

const FAULTS: Record<string, { fault: Fault; rule: string }> = {
  "charges again for each request under a key": {
    fault: {
      request: ({ key, path }) =>
        path === "/charges" && key !== undefined ? { key: `${key}:${++requests}` } : {},
    },
    rule: "charge: is answered the same again under its key",
  },
  "echoes another amount": {
    fault: { response: withMembers(() => ({ amount_minor: 1 })) },
    rule: "charge: is done, with a JSON object whose echo is the request's",
  },
  "takes another amount under a key": {
    fault: {
      response: withMembers(({ status }, { body }) =>
        status === "settled" ? { amount_minor: JSON.parse(body || "{}").amount_minor } : {},
      ),
    },
    rule: "charge: does not become another one when its key comes with another amount",
  },
  "declines without a code": {
    fault: {
      response: withMembers(({ status }) => (status === "declined" ? { code: undefined } : {})),
    },
    rule: "charge: is declined with a code, and the same again under its key",
  },
  "declines with HTTP 402": {
    fault: {
      response: ({ status, body }) => ({ status: body.includes("declined") ? 402 : status }),
    },
    rule: "charge: is declined with a code, and the same again under its key",
  },
  "answers a void with the word of a capture": {
    fault: {
      response: withMembers(({ status }) => (status === "voided" ? { status: "captured" } : {})),
    },
    rule: "hold: is voided, once, and not captured afterwards",
  },
  "captures what was released": {
    fault: {
      response: withMembers(({ code }) => (code === "nothing_held" ? { status: "captured" } : {})),
    },
    rule: "hold: is captured as a whole, once: a second capture under another key is not done",
  },
  "refunds more than was taken": {
    fault: {
      response: withMembers(({ code }) => (code === "nothing_left" ? { status: "refunded" } : {})),
    },
    rule: "refund: is not more than was taken, alone or together",
  },
  "has a plain 404 for an unknown key": {
    fault: { response: ({ status }) => (status === 404 ? { body: "not found" } : {}) },
    rule: "find: has 404 not_found for a key that was never used, and leaves it unused",
  },
  "finds every operation pending": {
    fault: {
      response: ({ status, body }, { method }) =>
        method === "GET" && status === 200 ? { body: '{"status":"pending"}' } : { body },
    },
    rule: "find: has the outcome of a charge, as often as it is looked up",
  },
  "takes any token": {
    fault: { request: () => ({ token: `Bearer ${TOKEN}` }) },
    rule: "token: a charge with a wrong token, or with none, is not carried out",
  },
  "takes a charge without a key": {
    fault: { request: ({ key }) => (key === undefined ? { key: `none-${++requests}` } : {}) },
    rule: "garbage: a charge without an Idempotency-Key is not carried out",
  },
  "rounds fractions of a minor unit": {
    fault: { request: ({ body }) => ({ body: body.replace(/(amount_minor":\d+)\.\d+/, "$1") }) },
    rule: "garbage: a fraction of a minor unit is not charged",
  },
};

it.each(Object.entries(FAULTS))(
  "A processor that %s fails the check of it",
  async (_, { fault, rule }) => {
    expect(await failuresOf(fault)).toContain(rule);
  },
);

it("Checks that need what a processor does not have are skipped and say why", async () => {
  const faulty = await startFaulty({ request: () => ({ token: `Bearer ${TOKEN}` }) });
  try {
    const read = readOptions([faulty.url]);
    const results = read ? await checkProcessor(read) : [];
    const ends = new Set(results.map(({ area, end }) => `${area} ${end}`));
    expect(ends).toContain("find skipped");
    expect(ends).toContain("token skipped");
    expect(tableOf(results)).toContain("skipped (--operations has no refund)");
  } finally {
    await faulty.close();
  }
});

it("A command line that cannot be meant, and a URL where nothing is, are no result", async () => {
  for (const args of [
    [],
    ["ftp://a"],
    ["http://a", "--operations", "authorize"],
    ["http://a", "--amount", "1"],
  ]) {
    expect(() => readOptions(args)).toThrow(UsageError);
  }
  await expect(checkProcessor(options("http://127.0.0.1:9"))).rejects.toThrow("Nothing responds");
});
