// The archive of the system under test.
import { setTimeout as sleep } from "node:timers/promises";
import { parseExposition, sumsBy } from "../observe/exposition.ts";
import { within } from "../within.ts";
import type { SimulatedServer } from "./server.ts";

/** Three seconds: payments are archived while others of the same customers are made. */
export const HOT_DAYS = "0.00003472";

const LOOK_MS = 1_000;
const SCRAPE_LIMIT_MS = 10_000;
/** So long nothing more is archived: what is left is not final. */
const STILL_MS = 8_000;

/** Waits until no more payments are archived. @returns how many were, those that came back and went again counted twice */
export async function waitForArchive(server: SimulatedServer): Promise<number> {
  let archived = await readArchived(server);
  let changedAt = Date.now();
  while (Date.now() - changedAt < STILL_MS) {
    await sleep(LOOK_MS);
    const now = await readArchived(server);
    if (now > archived) changedAt = Date.now();
    archived = now;
  }
  return archived;
}

/** A scrape also lets every shard look for payments to archive. */
async function readArchived(server: SimulatedServer): Promise<number> {
  const text = await within(SCRAPE_LIMIT_MS, async (signal) => {
    const headers = { authorization: `Bearer ${server.METRICS_TOKEN}` };
    return (await fetch(`${server.address()}/metrics`, { headers, signal })).text();
  });
  return sumsBy(parseExposition(text), "payments_archived_total").get("") ?? 0;
}
