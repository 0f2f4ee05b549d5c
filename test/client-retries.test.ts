/** How test:clients measures which requests an HTTP client repeats, and where it compares that with docs/clients.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  describeBehaviour,
  findExceptions,
  type Measured,
} from "../scripts/test-clients/retries/behaviour";
import { startFailingServer } from "../scripts/test-clients/retries/failing-server";
import { HTTP_CLIENTS } from "../scripts/test-clients/retries/http-clients";
import { readRows } from "../scripts/test-clients/retries/retries";

const ROOT = join(import.meta.dirname, "..");

/** Attempts at these times, under one key unless `keys` are given. */
const at = (times_ms: number[], seen: string, keys: string[] = []) => ({
  attempts: times_ms.map((at_ms, index) => ({ at_ms, key: keys[index] ?? "a", body: "{}" })),
  seen,
});

const PASSIVE: Measured = {
  "429": at([0], "429"),
  "503": at([0], "503"),
  "500": at([0], "500"),
  lost: at([0], "ConnectionError"),
  down: at([0], "503"),
  "202": at([0], "202"),
  "409": at([0], "409"),
};

it("A client that repeats nothing returns what it gets, and an error for a response that is lost", () => {
  expect(describeBehaviour(PASSIVE)).toEqual([
    "returned",
    "returned",
    "`ConnectionError`",
    "returned",
  ]);
  expect(findExceptions(PASSIVE)).toEqual([]);
});

it("A client that retries waits for Retry-After, or repeats too early", () => {
  const eager = {
    ...PASSIVE,
    "429": at([0, 2_005], "201"),
    "503": at([0, 1_000], "201"),
    "500": at([0, 1], "201"),
    lost: at([0, 1], "201"),
    down: at([0, 1_000, 2_000], "MaxRetryError"),
  };
  expect(describeBehaviour(eager)).toEqual([
    "429: repeated after it; 503: repeated too early",
    "repeated",
    "repeated",
    "`MaxRetryError` after 3 attempts",
  ]);
});

it("A client that repeats a 202 or a 409, or changes the key or the body, is an exception to the page", () => {
  expect(
    findExceptions({
      ...PASSIVE,
      "202": at([0, 1_000], "202"),
      "429": at([0, 2_000], "201", ["a", "b"]),
    }),
  ).toEqual([
    "A 202 is not returned at once.",
    "At 429 the key or the body differs between attempts.",
  ]);
});

it("The failing server fails the first attempt of each client, and records key and body", async () => {
  const server = await startFailingServer();
  try {
    const post = async (path: string) => {
      const headers = { "idempotency-key": "k" };
      const request = { method: "POST", headers, body: "b" };
      const response = await fetch(`${server.base}/${path}`, request).catch(() => null);
      return response && [response.status, response.headers.get("retry-after")];
    };
    expect(await post("alpha/429")).toEqual([429, "2"]);
    expect(await post("alpha/429")).toEqual([201, null]);
    expect(await post("beta/429")).toEqual([429, "2"]);
    expect(await post("alpha/lost")).toBeNull();
    expect(await post("alpha/lost")).toEqual([201, null]);
    expect(await post("alpha/down")).toEqual([503, "1"]);
    expect(await post("alpha/down")).toEqual([503, "1"]);
    expect((await fetch(`${server.base}/alpha/429`)).status).toBe(200);
    expect(server.attempts("alpha", "429")).toMatchObject([
      { key: "k", body: "b" },
      { key: "k", body: "b" },
    ]);
    expect(server.attempts("alpha", "409")).toEqual([]);
  } finally {
    await server.close();
  }
});

it("The table of retries in docs/clients.md has a row for every measured client, and no other", () => {
  const page = readFileSync(join(ROOT, "docs/clients.md"), "utf8");
  const [, section = ""] = page.split("| client | 429 or 503 with `Retry-After` |");
  const [table = ""] = section.split("\n\n");
  const measured = HTTP_CLIENTS.flatMap(({ clients }) => clients.map(({ row }) => row));
  expect([...readRows(table).keys()]).toEqual(measured);
});
