/** Receivers of webhooks: the ones that docs/webhooks.md shows, run as they stand there, and `npm run listen`.
 *  Our own signatures are sent to them over HTTP, good and bad. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Child, startChild } from "../scripts/processes/child-process";
import { freePort } from "../scripts/processes/free-port";
import { EVENT_TYPES } from "../src/domain/transaction/event";
import { formatWebhookSecret, signWebhook } from "../src/domain/webhook/signature";
import { eventually } from "./support/eventually";

const ROOT = join(import.meta.dirname, "..");
const NODE_MODULES = join(ROOT, "node_modules");
const DOC = readFileSync(join(ROOT, "docs/webhooks.md"), "utf8");
/** More than a receiver's five minutes, by as much as two clocks and a slow machine may differ. */
const TOO_OLD_S = 330;

const SECRET = formatWebhookSecret(new Uint8Array(32).fill(1));
const OTHER_SECRET = formatWebhookSecret(new Uint8Array(32).fill(2));

const until = (condition: () => boolean, what: () => string): Promise<void> =>
  eventually(() => {
    if (!condition()) throw new Error(`Never happened: ${what()}`);
  });

type Running = Child & { says(words: string): Promise<void> };

function run(command: string, args: string[], env: Record<string, string>): Running {
  const child = startChild(command, args, { cwd: ROOT, env });
  const says = (words: string) =>
    until(
      () => child.said().includes(words),
      () => `${args.at(-1)} says "${words}". It said: ${child.said()}`,
    );
  return { ...child, says };
}

const listening = (server: Server, port = 0) =>
  new Promise<number>((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });

/** A delivery's id and body, as the API would make them. */
function delivery(name: string, version: number, type = "transaction.completed") {
  const data = { id: `txn_${name}`, status: "completed", amount: 100.5, currency: "EUR", version };
  return {
    id: `evt_${name}_${version}`,
    body: JSON.stringify({
      type,
      timestamp: "2026-11-22T21:00:00.000Z",
      data: { ...data, description: "Zwölf für 9 € 🙂" },
    }),
  };
}

type Delivery = ReturnType<typeof delivery>;
type Change = { secrets?: string[]; late_s?: number; headers?: Record<string, string> };

const headersOf = ({ id, body }: Delivery, { secrets = [SECRET], late_s = 0 }: Change = {}) =>
  signWebhook(secrets, id, Math.floor(Date.now() / 1000) - late_s, body);

/** The status that `url` answers. `tampered` is sent in place of the body that was signed. */
async function send(url: string, sent: Delivery, change: Change = {}, tampered = sent.body) {
  const headers = {
    "content-type": "application/json",
    ...headersOf(sent, change),
    ...change.headers,
  };
  const response = await fetch(url, { method: "POST", headers, body: tampered });
  await response.body?.cancel();
  return response.status;
}

/** The code block of docs/webhooks.md that begins with the file's name in a comment. */
function codeBlock(file: string): string {
  const blocks = [...DOC.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  const found = blocks.filter((code) => new RegExp(`^(//|#) ${file}\n`).test(code));
  expect(found, `blocks of ${file}`).toHaveLength(1);
  return found[0] ?? "";
}

it("docs/webhooks.md has a row for every type of event", () => {
  const documented = [...DOC.matchAll(/^\| `((?:transaction|dispute)\.\w+)` \|/gm)].map(
    ([, type]) => type,
  );
  expect(documented).toEqual(EVENT_TYPES.filter((type) => !type.startsWith("refund.")));
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe.each([
  { file: "receiver.ts", command: process.execPath, flags: ["--experimental-strip-types"] },
  { file: "receiver.py", command: "python3", flags: [] },
])("the $file of docs/webhooks.md", ({ file, command, flags }) => {
  const isMissing = command === "python3" && !hasPython;
  const note = "there is no python3 on this machine";
  const directory = mkdtempSync(join(tmpdir(), "receiver-"));
  const path = join(directory, file);
  let url = "";
  let receiver: Running | undefined;

  beforeAll(async () => {
    if (isMissing) return;
    writeFileSync(path, codeBlock(file));
    symlinkSync(NODE_MODULES, join(directory, "node_modules"), "junction");
    const port = await freePort();
    receiver = run(command, [...flags, path], { WEBHOOK_SECRET: SECRET, PORT: String(port) });
    await receiver.says("listening on");
    url = `http://127.0.0.1:${port}/webhooks`;
  });

  afterAll(async () => {
    if (receiver) await receiver.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What the receiver has said about this name's transaction. */
  const told = (name: string) =>
    receiver
      ?.said()
      .split("\n")
      .filter((line) => line.includes(`txn_${name} `));

  it(`The ${file} of docs/webhooks.md handles a valid delivery exactly once`, async ({ skip }) => {
    skip(isMissing, note);
    const good = delivery("good", 1);
    expect(await send(url, good)).toBe(204);
    expect(await send(url, good, { late_s: 2 })).toBe(204);
    expect(await send(url, delivery("good", 2))).toBe(204);
    await receiver?.says("txn_good version 2");
    expect(told("good")).toEqual([
      "new: transaction.completed txn_good version 1",
      "new: transaction.completed txn_good version 2",
    ]);
  });

  it(`The ${file} of docs/webhooks.md accepts either signature during a rotation`, async ({
    skip,
  }) => {
    skip(isMissing, note);
    expect(await send(url, delivery("old", 1), { secrets: [OTHER_SECRET, SECRET] })).toBe(204);
    expect(await send(url, delivery("new", 1), { secrets: [SECRET, OTHER_SECRET] })).toBe(204);
    await receiver?.says("new: transaction.completed txn_old version 1");
    await receiver?.says("new: transaction.completed txn_new version 1");
  });

  it(`The ${file} of docs/webhooks.md ignores outdated events and unknown types`, async ({
    skip,
  }) => {
    skip(isMissing, note);
    expect(await send(url, delivery("late", 3))).toBe(204);
    expect(await send(url, delivery("late", 2, "transaction.processing"))).toBe(204);
    expect(await send(url, delivery("other", 1, "weather.changed"))).toBe(204);
    await receiver?.says("passed over: weather.changed");
    expect(told("late")).toEqual([
      "new: transaction.completed txn_late version 3",
      "late: transaction.processing txn_late version 2",
    ]);
  });

  const bad = delivery("bad", 1);
  const refused: [string, Change, string?][] = [
    ["a tampered body", {}, bad.body.replace("100.5", "999.5")],
    ["another secret's signature", { secrets: [OTHER_SECRET] }],
    ["a signature that is too old", { late_s: TOO_OLD_S }],
    ["a signature from the future", { late_s: -TOO_OLD_S }],
    ["another id", { headers: { "webhook-id": "evt_other_1" } }],
    ["a time that is not a number", { headers: { "webhook-timestamp": "now" } }],
    ["a time beyond all numbers", { headers: { "webhook-timestamp": "9".repeat(400) } }],
    ["no signature", { headers: { "webhook-signature": "" } }],
    ["a signature that is none", { headers: { "webhook-signature": "v1 v1, v1,é v2,x" } }],
  ];
  it.for(refused)(
    `The ${file} of docs/webhooks.md refuses %s`,
    async ([, change, tampered], { skip }) => {
      skip(isMissing, note);
      expect(await send(url, bad, change, tampered)).toBe(400);
      expect(told("bad")).toEqual([]);
    },
  );

  it(`The ${file} of docs/webhooks.md handles a refused event when it arrives again with a valid signature`, async ({
    skip,
  }) => {
    skip(isMissing, note);
    expect(await send(url, bad)).toBe(204);
    await receiver?.says("new: transaction.completed txn_bad version 1");
  });

  it(`The ${file} of docs/webhooks.md still responds after a body that is too large`, async ({
    skip,
  }) => {
    skip(isMissing, note);
    const large = { id: "evt_large_1", body: `"${"a".repeat(2_000_000)}"` };
    const status = await send(url, large).catch(() => "cut off");
    expect([413, 500, "cut off"]).toContain(status);
    expect(await send(url, delivery("after", 1))).toBe(204);
  });
});

it("The receiver.ts of docs/webhooks.md has no type errors", () => {
  const directory = mkdtempSync(join(tmpdir(), "receiver-types-"));
  try {
    const path = join(directory, "receiver.ts");
    writeFileSync(path, codeBlock("receiver.ts"));
    symlinkSync(NODE_MODULES, join(directory, "node_modules"), "junction");
    const tsc = join(NODE_MODULES, "typescript", "bin", "tsc");
    const options =
      "--noEmit --strict --skipLibCheck --target es2024 --module nodenext --types node";
    execFileSync(process.execPath, [tsc, ...options.split(" "), path], { cwd: directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

describe("npm run listen", () => {
  type Endpoint = { id: string; url: string; events: string[]; description: string };
  const KEY = "sk_for_listening";
  let endpoints: Endpoint[] = [];
  let base = "";
  let listener: Running | undefined;

  /** As much of the API as the script uses. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body?: unknown) =>
      response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
    const [, id] = /^\/api\/v1\/webhook-endpoints(?:\/(\w+))?$/.exec(request.url ?? "") ?? [];
    if (request.headers.authorization !== `Bearer ${KEY}`) {
      return void reply(401, { detail: "Invalid API key." });
    }
    if (request.method === "GET") return void reply(200, { data: endpoints });
    if (request.method === "DELETE") {
      endpoints = endpoints.filter((each) => each.id !== id);
      return void reply(204);
    }
    const endpoint = { ...JSON.parse(await text(request)), id: "whe_listening" };
    endpoints.push(endpoint);
    reply(201, { ...endpoint, enabled: true, disabled_reason: null, secret: SECRET });
  }
  const api = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  beforeAll(async () => {
    base = `http://127.0.0.1:${await listening(api)}`;
  });
  afterAll(() => {
    api.closeAllConnections();
    api.close();
  });
  afterEach(async () => {
    if (listener) await listener.kill();
    endpoints = [];
  });

  function listen(...options: string[]): Running {
    const script = join(ROOT, "scripts", "listen.ts");
    const args = [script, "--url", base, "--key", KEY, ...options];
    listener = run(process.execPath, args, { API_KEY: "", PORT: "" });
    return listener;
  }
  async function registered(running: Running): Promise<Endpoint> {
    await running.says("Listening at");
    const endpoint = endpoints.at(-1);
    if (!endpoint) throw new Error("Nothing was registered.");
    return endpoint;
  }

  it("npm run listen registers an endpoint, prints what arrives, and deletes the endpoint on Ctrl-C", async () => {
    const running = listen("--events", "transaction.completed, transaction.failed");
    const { url, events, description } = await registered(running);
    expect(events).toEqual(["transaction.completed", "transaction.failed"]);
    expect(description).toBe("npm run listen");

    const good = delivery("good", 3);
    expect(await send(url, good)).toBe(204);
    await running.says(
      "transaction.completed        txn_good  completed  100.5 EUR  version 3  evt_good_3, arrival 1, signature ok\n",
    );
    expect(await send(url, good)).toBe(204);
    await running.says("evt_good_3 again, arrival 2, signature ok: dropped, answered 204");
    expect(await send(url, delivery("good", 2))).toBe(204);
    await running.says("evt_good_2, arrival 1, signature ok, late: version 3 is here already");
    expect(await send(url, delivery("bad", 1), { secrets: [OTHER_SECRET] })).toBe(400);
    await running.says("SIGNATURE NOT OK (No matching signature found): answered 400");
    expect(await send(url, delivery("bad", 1), { late_s: TOO_OLD_S })).toBe(400);
    await running.says("SIGNATURE NOT OK (Message timestamp too old)");
    expect(running.said()).not.toContain("txn_bad");

    // npm passes on a signal that has arrived already.
    running.process.kill("SIGINT");
    running.process.kill("SIGINT");
    expect(await running.closed).toBe(0);
    expect(endpoints).toEqual([]);
    expect(running.said()).toContain("Deleted whe_listening.");
  });

  it("npm run listen --fail responds with failures, and does not treat a failed event as handled", async () => {
    const running = listen("--fail", "100");
    const { url } = await registered(running);
    const sent = delivery("failing", 1);
    expect(await send(url, sent)).toBe(500);
    expect(await send(url, sent)).toBe(500);
    await running.says("arrival 2, signature ok: answered 500 on purpose");
    expect(running.said()).not.toContain("again,");
  });

  it("npm run listen --secret accepts signatures of a further secret", async () => {
    const running = listen("--secret", OTHER_SECRET);
    const { url } = await registered(running);
    expect(await send(url, delivery("own", 1), { secrets: [OTHER_SECRET] })).toBe(204);
    expect(await send(url, delivery("registered", 1))).toBe(204);
  });

  it("npm run listen deletes the endpoint that an earlier run left behind, and no other", async () => {
    const dead = `http://127.0.0.1:${await freePort()}/webhooks`;
    const leftover = {
      id: "whe_leftover",
      url: dead,
      events: ["*"],
      description: "npm run listen",
    };
    const alive = { ...leftover, id: "whe_alive", url: base };
    const foreign = { ...leftover, id: "whe_foreign", description: "production" };
    endpoints = [leftover, alive, foreign];
    const running = listen();
    await registered(running);
    expect(endpoints.map(({ id }) => id)).toEqual(["whe_alive", "whe_foreign", "whe_listening"]);
    expect(running.said()).toContain("Deleted whe_leftover");
  });

  it.each([
    [
      ["--url", "http://127.0.0.1:1"],
      "The API at http://127.0.0.1:1 is not running. Run npm start",
    ],
    [["--key", "sk_wrong"], "answered 401: Invalid API key. Give another key"],
    [["--fail", "often"], '--fail must be a number from 0 to 100; it is "often".'],
    [["--port", "70000"], '--port must be a number from 1 to 65535; it is "70000".'],
    [["--url", "localhost"], '--url must be an http or https URL; it is "localhost".'],
    [["30"], "Options go after two dashes"],
  ])("npm run listen with %j prints what is wrong and exits with 1", async (options, message) => {
    const running = listen(...options);
    expect(await running.closed).toBe(1);
    expect(running.said()).toContain(message);
    expect(running.said()).not.toMatch(/^ {4}at /m);
    expect(endpoints).toEqual([]);
  });
});
