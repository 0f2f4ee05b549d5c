/** `npm run test:clients`: which clients it chooses, what it reads from docs/clients.md, and how it judges a client. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLIENTS, chooseClients } from "../scripts/test-clients/clients";
import { readDocumented, withKey } from "../scripts/test-clients/documented";
import { findFaults, startLossyApi } from "../scripts/test-clients/lossy-api";
import { formatResults } from "../scripts/test-clients/report";
import { findMissing } from "../scripts/test-clients/toolchain";
import { serve } from "./support/http-server";

const ROOT = join(import.meta.dirname, "..");
const namesOf = (only: string) => chooseClients(only).map(({ name }) => name);

it("test:clients without --only tests every client", () => {
  expect(chooseClients("")).toEqual(CLIENTS);
});

it("test:clients --only chooses by language and by each part of a client's name", () => {
  expect(namesOf("java")).toEqual([
    "openapi-generator, java, apache-httpclient",
    "openapi-generator, java, native",
    "retries, java",
  ]);
  expect(namesOf("ogen,python")).toEqual([
    "openapi-python-client",
    "openapi-generator, python",
    "requests",
    "ogen",
    "retries, python",
  ]);
});

it("test:clients --only with a word that fits no client is an error that names the word", () => {
  expect(() => chooseClients("python,cobol")).toThrow("No client fits --only cobol.");
});

it("The table of test:clients shows where a client failed and why one was skipped", () => {
  const text = formatResults([
    {
      client: { name: "alpha", version: "1.0" },
      phases: ["generates", "compiles", "runs"],
      seconds: 3.14,
    },
    {
      client: { name: "beta, go", version: "2.0" },
      phases: ["generates", "compiles"],
      error: "undefined: x",
      seconds: 12,
    },
    {
      client: { name: "gamma", version: "3.0" },
      phases: [],
      skipped: "no Go, no Maven",
      seconds: 0,
    },
  ]);
  expect(text.split("\n")).toEqual([
    "client    version  generates  compiles  runs  seconds",
    "alpha     1.0      yes        yes       yes   3.1",
    "beta, go  2.0      yes        NO        -     12.0",
    "gamma     3.0      skipped: no Go, no Maven",
  ]);
});

it("test:clients says in words which tool a machine lacks", async () => {
  const { PATH } = process.env;
  process.env.PATH = "/nonexistent";
  try {
    expect(await findMissing(["go", "python3"])).toEqual(["Go", "Python 3 with venv"]);
  } finally {
    process.env.PATH = PATH;
  }
});

const PAGE = `# Clients

### Other

text

### Python with x

A sentence.

\`\`\`sh
first \\
  --option
second
python pay.py
\`\`\`

\`\`\`python
key = "order-1001"
\`\`\`

## Next

\`\`\`sh
not this
\`\`\`
`;

it("The last command of a documented client runs its program, and those before it are the setup", () => {
  expect(readDocumented("Python with x", PAGE)).toEqual({
    setup: "first \\\n  --option\nsecond",
    run: "python pay.py",
    program: { file: "pay.py", text: 'key = "order-1001"\n' },
  });
});

it("A section without commands is an error that names its heading, also when the next section has some", () => {
  expect(() => readDocumented("Other", PAGE)).toThrow('no commands below "Other"');
  expect(() => readDocumented("Missing", PAGE)).toThrow('no commands below "Missing"');
});

it("Every client that refers to docs/clients.md has commands there with its version, and a key to replace", () => {
  for (const { heading, version, language } of CLIENTS) {
    if (heading === undefined) continue;
    const documented = withKey(readDocumented(heading), "order-7");
    const text = [documented.setup, documented.run, documented.program?.text].join("\n");
    if (language !== "curl") expect(text, heading).toContain(version);
    expect(text).toContain("order-7");
    expect(text).not.toContain("order-1001");
  }
});

it("Every section of docs/clients.md with a program is run by test:clients", () => {
  const page = readFileSync(join(ROOT, "docs/clients.md"), "utf8");
  const sections = page.split(/^### /m).slice(1);
  const withProgram = sections.filter((text) => /^```sh$/m.test(text.split(/^## /m)[0] ?? ""));
  const headings = withProgram.map((text) => text.split("\n")[0]);
  const run = CLIENTS.flatMap(({ heading }) => (heading === undefined ? [] : [heading]));
  expect(headings.sort()).toEqual(run.sort());
});

describe("the API that fails", () => {
  const create = async (base: string) => {
    const headers = { "idempotency-key": "a" };
    const request = { method: "POST", headers, body: '{"amount":1}' };
    const response = await fetch(`${base}/api/v1/transactions`, request).catch(() => null);
    return response && [response.status, response.headers.get("retry-after")];
  };

  it("The first response of the API that fails is lost, the next are 429 and 503, then all pass", async () => {
    const reached: (string | undefined)[] = [];
    const api = await serve(async ({ method }, response) => {
      reached.push(method);
      const status = method === "POST" ? 201 : 200;
      response.writeHead(status, { "idempotent-replayed": "true" }).end("{}");
    });
    const lossy = await startLossyApi(api.url);
    try {
      const seen = [];
      for (let count = 0; count < 4; count++) seen.push(await create(lossy.base));
      expect(seen).toEqual([null, [429, "1"], [503, "1"], [201, null]]);
      expect((await fetch(`${lossy.base}/api/v1/transactions`)).status).toBe(200);
      expect(findFaults(lossy.attempts)).toEqual([]);
      // The lost one has reached the API, so it made a payment.
      expect(reached).toEqual(["POST", "POST", "GET"]);
    } finally {
      await lossy.close();
      await api.close();
    }
  });
});

it("A client that changes its key, changes its body or gives up early has faults", () => {
  const attempt = { key: "a", body: "{}", isReplayed: false };
  const good = [
    { ...attempt, status: null },
    { ...attempt, status: 429 },
    { ...attempt, status: 503 },
    { ...attempt, status: 201, isReplayed: true },
  ];
  expect(findFaults(good)).toEqual([]);
  expect(findFaults(good.with(1, { ...attempt, key: "b", status: 429 }))).toEqual([
    "The keys differ.",
  ]);
  expect(findFaults(good.with(2, { ...attempt, body: "{ }", status: 503 }))).toEqual([
    "The bodies differ.",
  ]);
  expect(findFaults(good.slice(0, 1))).toEqual([
    "The attempts were lost.",
    "The last response is not the one of the first payment.",
  ]);
});

it("docs/generators.md has a row with the right version for every generated client, and no other", () => {
  const text = readFileSync(join(ROOT, "docs/generators.md"), "utf8");
  const [, table = ""] = text.split("| generator | version | result |");
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map(([, ...cells]) => cells);
  const generated = CLIENTS.filter(({ compile }) => compile);
  expect(rows).toEqual(generated.map(({ name, version }) => [name, version]));
});
