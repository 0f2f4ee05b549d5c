/** The docs' tables say what the code does, and their links and file names exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CloudEvent } from "cloudevents";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../src/api/http/problem";
import { bookMetrics } from "../src/api/operations/book-metrics";
import { d1Metrics } from "../src/api/operations/d1-metrics";
import { shardMetrics } from "../src/api/operations/shard-metrics";
import { webhookMetrics } from "../src/api/operations/webhook-metrics";
import { readConfig } from "../src/config";
import { EVENT_TYPES, type EventType } from "../src/domain/transaction/event";
import type { Refund } from "../src/domain/transaction/refund";
import type { Transaction } from "../src/domain/transaction/transaction";
import type { Env } from "../src/env";
import { CLOUD_EVENT_MEDIA_TYPE, toCloudEvent } from "../src/kafka/cloud-event";
import { SANDBOX_OUTCOMES } from "../src/processor/sandbox";
import { EVENT_TYPES as STRIPE_EVENT_TYPES } from "../src/processor/stripe/reports";
import { Settings } from "../src/settings";

const ROOT = join(import.meta.dirname, "..");
const SRC = join(ROOT, "src");
const doc = (name: string): string => readFileSync(join(ROOT, "docs", name), "utf8");

/** The rows of the table whose first cell is a code, as lists of cells. */
function rowsOf(text: string): string[][] {
  return [...text.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, code = "", rest = ""]) => [
    code,
    ...rest.split("|").map((cell) => cell.trim()),
  ]);
}

/** The names that headings have in links, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Every page, by its path from the root. */
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  "clients/typescript/README.md",
  "simulate/README.md",
  "simulate/stripe/README.md",
];

it("Every link in the README and the docs leads to a file and a heading that exist", () => {
  const broken: string[] = [];
  for (const page of PAGES) {
    const links = readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https?:)([^)\s]+)\)/g);
    for (const [, link = ""] of links) {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? join(ROOT, page) : join(ROOT, dirname(page), file);
      const isThere = existsSync(target) && (!anchor || anchorsOf(target).includes(anchor));
      if (!isThere) broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

it("Every source file that the README or a page of the docs names exists", () => {
  const missing = PAGES.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8").replace(/https?:\/\/\S+/g, "");
    const named = [...text.matchAll(/[\w.-]+(?:\/[\w.-]+)+\.(?:ts|mjs|sql)\b/g)].map(
      ([path]) => path,
    );
    return named
      .filter(
        (path) =>
          ![ROOT, SRC, join(ROOT, dirname(page))].some((folder) => existsSync(join(folder, path))),
      )
      .map((path) => `${page}: ${path}`);
  });
  expect(missing).toEqual([]);
});

it("Every command in the README and the docs calls the API at $BASE, which npm start prints", () => {
  const others = PAGES.flatMap((page) => {
    const called = readFileSync(join(ROOT, page), "utf8").matchAll(/\$\{?(\w+)\}?\/api\/v1\//g);
    return [...called].filter(([, name]) => name !== "BASE").map(([text]) => `${page}: ${text}`);
  });
  expect(others).toEqual([]);
});

it("docs/api.md has every path of openapi.json", () => {
  const { paths } = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));
  const same = (path: string) => path.replace(/\{\w+\}/g, "{}");
  const cells = doc("api.md").matchAll(/`(?:[A-Z]+ )?(\/[\w/{}.-]*)`/g);
  const documented = [...cells].map(([, path = ""]) => same(path));
  const missing = Object.keys(paths).filter(
    (path) => !documented.some((one) => `${same(path)}/`.startsWith(`${one}/`)),
  );
  expect(missing).toEqual([]);
});

it("docs/README.md has a link to every page of the docs", () => {
  const index = doc("README.md");
  const pages = readdirSync(join(ROOT, "docs")).filter((name) => name !== "README.md");
  const unlisted = pages.filter((name) => !index.includes(`](${name}`));
  expect(unlisted).toEqual([]);
});

it("docs/stripe.md has every type of event that is read, in its table and in its command, and no other", () => {
  const [, section = ""] =
    /### The webhook endpoint\n([\s\S]*?)\n### /.exec(doc("stripe.md")) ?? [];
  const typesIn = (text: string) => text.match(/\b(?:payment_intent|refund|charge\.dispute)\.\w+/g);
  const [table = "", command = ""] = section.split("Or with a command");
  expect(typesIn(table)?.sort()).toEqual([...STRIPE_EVENT_TYPES].sort());
  expect(typesIn(command.split("Locally")[0] ?? "")?.sort()).toEqual(
    [...STRIPE_EVENT_TYPES].sort(),
  );
});

it("docs/promises.md names a test for every promise", () => {
  const rows = doc("promises.md")
    .split("\n")
    .slice(6)
    .filter((line) => line.startsWith("| "));
  expect(rows.length).toBeGreaterThan(40);
  const without = rows.filter((row) => !/`test\/[^`]+`|`npm run [^`]+`|\| same/.test(row));
  expect(without).toEqual([]);
});

it.each([
  ["simulate", (file: string) => !file.startsWith("stripe/")],
  ["simulate/stripe", () => true],
])("%s/README.md names every file of its own, and no other", (folder, isOwn) => {
  const page = readFileSync(join(ROOT, folder, "README.md"), "utf8").split("## The files")[1] ?? "";
  const named = [...page.matchAll(/`((?:[a-z]+\/)?[a-z-]+\.ts)`/g)].map(([, file]) => file);
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  expect(named.sort()).toEqual(files.filter((file) => file.endsWith(".ts") && isOwn(file)).sort());
});

it("docs/decisions/README.md has a row for every decision, with its title, and no other", () => {
  const rows = [...doc("decisions/README.md").matchAll(/^\| (\d+) \| \[(.*)\]\((.*)\) \|$/gm)];
  const files = readdirSync(join(ROOT, "docs/decisions")).filter((name) => name !== "README.md");
  expect(rows.map(([, number, title, file]) => [file, `# ${number}. ${title}`])).toEqual(
    files.sort().map((file) => [file, doc(`decisions/${file}`).split("\n")[0]]),
  );
});

it("docs/problems.md has a row with the right status for every problem, and no other", () => {
  const documented = rowsOf(doc("problems.md")).map(([code, status]) => [code, Number(status)]);
  expect(documented).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
});

it("docs/sandbox.md has a row with the right amount and outcome for every outcome, and no other", () => {
  const documented = rowsOf(doc("sandbox.md")).map(([name, ending = "", outcome = ""]) => {
    const code = /failed.*`(\w+)`/.exec(outcome)?.[1];
    return [name, ending.replaceAll("`", ""), code ?? "completed"];
  });
  const actual = Object.entries(SANDBOX_OUTCOMES).map(([name, { amount_ending, answer }]) => [
    name,
    amount_ending,
    answer.kind === "done" ? "completed" : answer.failure.code,
  ]);
  expect(documented).toEqual(actual);
});

it("docs/metrics.md has a row with the right type for every series, and no other", () => {
  const documented = rowsOf(doc("metrics.md")).filter(([name = ""]) =>
    name.startsWith("payments_"),
  );
  const families = [
    ...bookMetrics([]),
    ...d1Metrics([]),
    ...webhookMetrics([]),
    ...shardMetrics([]),
  ].map(({ name, type }) => [name, type]);
  const scrapes = ["payments_scrape_ok", "payments_shards"].map((name) => [name, "gauge"]);
  const pairs = documented.map(([name, type]) => `${name} ${type}`);
  expect(pairs.sort()).toEqual([...families, ...scrapes].map((pair) => pair.join(" ")).sort());
});

describe("docs/logs.md", () => {
  const rows = doc("logs.md")
    .split("\n")
    .flatMap((line) => /^\| `([\w.]+)` \| ([^|]*)/.exec(line)?.slice(1, 3) ?? [])
    .flatMap((cell, at, all) =>
      at % 2 === 0 ? [[cell, (all[at + 1] ?? "").trim()] as const] : [],
    );
  const isLevel = (text: string) => /^(info|warn|error)(, (info|warn|error))*$/.test(text);

  it("docs/logs.md has a row for every field of a log line, and no other", () => {
    const [, type = ""] = readFileSync(join(SRC, "observability/log.ts"), "utf8").split(
      "LogFields = {",
    );
    const known = [...(type.split("};")[0] ?? "").matchAll(/^ {2}(\w+)\?:/gm)].map(
      ([, name]) => name,
    );
    const always = ["time", "level", "event"];
    const documented = rows.filter(([, text]) => !isLevel(text)).map(([name]) => name);
    expect(documented.sort()).toEqual([...always, ...known].sort());
  });

  it("docs/logs.md has a row with the right levels for every logged event, and no other", () => {
    const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(SRC, file), "utf8"));
    const logged = sources
      .flatMap((text) => [
        ...text.matchAll(/log(?:"\))?\(\s*([^,]*"(?:info|warn|error)"[^,]*),\s*(["`][^"`]+["`])/g),
      ])
      .flatMap(([, levels = "", event = ""]) => {
        const outbox = /\$\{name\}/;
        const names = outbox.test(event)
          ? ["book", "webhooks", "velocity", "stream"].map((name) => event.replace(outbox, name))
          : [event];
        const found = levels.match(/\b(info|warn|error)\b(?=")/g) ?? [];
        return names.map((name) => `${name.replaceAll(/["`]/g, "")}: ${found.join(", ")}`);
      });
    const documented = rows
      .filter(([, text]) => isLevel(text))
      .map(([name, levels]) => `${name}: ${levels}`);
    expect(documented.sort()).toEqual([...new Set(logged)].sort());
  });
});

it("docs/configuration.md has a row for every setting, and no other", () => {
  const rows = doc("configuration.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(documented.sort()).toEqual(Object.keys(Settings.shape).sort());
});

it("docs/configuration.md has the default of every setting in wrangler.toml", () => {
  const [, vars = ""] = readFileSync(join(ROOT, "wrangler.toml"), "utf8").split("[vars]");
  const defaults = [...vars.matchAll(/^([A-Z_]+) = "(.*)"$/gm)];
  expect(defaults.length).toBeGreaterThan(20);
  const text = doc("configuration.md");
  const wrong = defaults.filter(([, name, value]) => {
    const cell = new RegExp(`^\\|[^|]*\`${name}\`[^|]*\\| (?:\`(.*?)\`)?`, "m").exec(text);
    return (cell?.[1] ?? "") !== value;
  });
  expect(wrong.map(([line]) => line)).toEqual([]);
});

describe("docs/asyncapi.json", () => {
  const asyncApi = JSON.parse(doc("asyncapi.json"));
  const openApi = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));
  type Payload = {
    type: string;
    time: string;
    subject: string;
    merchantid: string;
    txseq: string;
    traceparent: string;
    data: Transaction | Refund;
  };
  const { messages, schemas } = asyncApi.components;
  const { headers } = messages.transactionEvent;
  const { transactionEvent, refundEvent } = messages;
  const examples = [...transactionEvent.examples, ...refundEvent.examples];
  const payloadsOf = (message: { examples: { payload: Payload }[] }) =>
    message.examples.map(({ payload }) => payload);
  const typeOf = ({ type }: Payload) => type.slice("payments.".length, -".v1".length) as EventType;

  it("docs/asyncapi.json has an example of every event, as it is sent and as the official SDK accepts it", () => {
    const payloads: Payload[] = [transactionEvent, refundEvent].flatMap(payloadsOf);
    expect(payloads.map(typeOf)).toEqual(EVENT_TYPES);
    for (const payload of payloads) {
      const type = typeOf(payload);
      const data = JSON.stringify(payload.data);
      const text = toCloudEvent({
        position: 1,
        merchant_id: payload.merchantid,
        transaction_id: payload.subject,
        sequence: Number(payload.txseq),
        type,
        created_at_ms: Date.parse(payload.time),
        data: type.startsWith("refund.") ? "{}" : data,
        traceparent: payload.traceparent,
        first_position: 1,
        refund: type.startsWith("refund.") ? data : null,
      });
      expect(JSON.stringify(payload)).toBe(text);
      expect(new CloudEvent(JSON.parse(text)).validate()).toBe(true);
      if ("version" in payload.data) expect(payload.data.version).toBe(Number(payload.txseq));
      expect(payload.data.updated_at).toBe(payload.time);
    }
  });

  it.each([
    ["TransactionEvent", "Transaction", transactionEvent],
    ["RefundEvent", "Refund", refundEvent],
  ])("docs/asyncapi.json has a schema of %s that its examples fit", (name, dataName, message) => {
    const payloads: Payload[] = payloadsOf(message);
    const { properties, required } = schemas[name];
    expect(message.payload).toEqual({ $ref: `#/components/schemas/${name}` });
    expect(properties.type.enum).toEqual(payloads.map(({ type }) => type));
    // Events of before there were traces go without.
    const always = Object.keys(properties).filter((name) => name !== "traceparent");
    expect(required).toEqual(always);
    const [ref] = properties.data.allOf;
    expect(ref).toEqual({ $ref: `#/components/schemas/${dataName}` });
    for (const payload of payloads) {
      const attributes: Record<string, unknown> = payload;
      expect(Object.keys(attributes)).toEqual(Object.keys(properties));
      const members = Object.keys(payload.data);
      expect(members).toEqual(expect.arrayContaining(schemas[dataName].required));
      expect(Object.keys(schemas[dataName].properties)).toEqual(expect.arrayContaining(members));
      for (const [name, schema] of Object.entries<Record<string, string>>(properties)) {
        const { const: only, pattern } = schema.$ref ? schemas.TransactionId : schema;
        if (only) expect(attributes[name]).toBe(only);
        if (pattern) expect(attributes[name]).toMatch(new RegExp(pattern));
      }
    }
  });

  it("docs/asyncapi.json refers only to itself, and what it shares with the API is the same", () => {
    const refs = [...JSON.stringify(asyncApi).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    expect(refs.length).toBeGreaterThan(5);
    for (const ref of refs) {
      const found = (ref ?? "")
        .replace(/^#\//, "")
        .split("/")
        .reduce<unknown>((node, name) => (node as Record<string, unknown>)?.[name], asyncApi);
      expect(found, ref).toBeTypeOf("object");
    }
    const { TransactionId: _, TransactionEvent: __, RefundEvent: ___, ...shared } = schemas;
    for (const [name, schema] of Object.entries(shared)) {
      expect(schema, name).toEqual(openApi.components.schemas[name]);
    }
  });

  it("docs/asyncapi.json names the topic and the header that the code uses", () => {
    const { kafka } = readConfig({ KAFKA_REST_URL: "https://kafka.example" } as Env);
    const { address, bindings } = asyncApi.channels.paymentEvents;
    expect(kafka).toMatchObject({ topic: address });
    expect(bindings.kafka.topic).toBe(address);
    expect(headers.properties["content-type"].const).toBe(CLOUD_EVENT_MEDIA_TYPE);
    for (const example of examples) {
      expect(example.headers).toEqual({ "content-type": CLOUD_EVENT_MEDIA_TYPE });
    }
  });
});
