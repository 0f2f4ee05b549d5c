// Commands to a benched server's D1 switch and questions about the book, by the paths of worker-entry.ts.
import type { D1Counts, D1Mode } from "../entry/d1-switch.ts";
import type { FreshServer } from "../fresh-server.ts";

/** How many payments of a time the book has, and how many of them as completed. */
export type Book = { transactions: number; completed: number };

/** A variable of the server that has a switch. */
export const SWITCH = { BENCH_D1_SWITCH: "on" };

/** Applies to every isolate. `most_ms` is the longest delay of `slow`. */
export async function setD1Mode(started: FreshServer, mode: D1Mode, most_ms = 0): Promise<void> {
  const { server, benchToken } = started;
  for (const origin of [server.origin, ...server.others]) {
    await ask(`${origin}/__bench/d1-mode`, benchToken, JSON.stringify({ mode, most_ms }));
  }
}

/** Of all isolates since the server started. */
export async function readD1Counts({ server, benchToken }: FreshServer): Promise<D1Counts> {
  const sum: D1Counts = { calls: 0, statements: 0, rows_written: 0 };
  for (const origin of [server.origin, ...server.others]) {
    const counts = (await ask(`${origin}/__bench/d1-counts`, benchToken, "")) as D1Counts;
    for (const name of ["calls", "statements", "rows_written"] as const) sum[name] += counts[name];
  }
  return sum;
}

/** What the book has of the payments created up to `until`, a time in ms. Reads past the switch. */
export async function readBook({ server, benchToken }: FreshServer, until: number): Promise<Book> {
  const text = new Date(until).toISOString();
  return (await ask(`${server.origin}/__bench/book`, benchToken, text)) as Book;
}

async function ask(url: string, token: string, body: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: "POST", headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${text}`);
  return text.startsWith("{") ? JSON.parse(text) : text;
}
