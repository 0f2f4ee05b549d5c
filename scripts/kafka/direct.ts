// Events of the test's own through one REST form, with no Worker in between: shows what the server
// of that form does, and what has to be there before the Worker can be blamed.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../processes/errors.ts";
import { type Answer, type Dialect, type OutgoingRecord, SEND } from "./dialects.ts";
import type { RestServer } from "./servers.ts";
import type { ExpectedEvent, Identity, TopicRecord } from "./verdict.ts";

type Parsed = { id: string; sequence: number };
type DirectEvent = OutgoingRecord & ExpectedEvent<Parsed> & { id: string };

const KEYS = 40;
const EVENTS_PER_KEY = 8;
const KEYS_PER_REQUEST = 10;
const RETRY_MS = 150;
const RETRY_LIMIT_MS = 60_000;

/** Bytes that tell a server that re-encodes from one that does not. */
const TRICKY = 'é 漢 \u{1f4b3} \\" \t 1.50 1e3 {"b":1,"a":2}';

function eventOf(key: string, sequence: number, dialect: Dialect): DirectEvent {
  const id = randomUUID();
  const value = JSON.stringify({ id, sequence, key, text: TRICKY });
  const headers = dialect === "upstash" ? [{ key: "id", value: id }] : undefined;
  const expectedHeaders = headers ? { id } : {};
  const check = (record: TopicRecord) => {
    if (!record.value.equals(Buffer.from(value))) return "the value's bytes are others";
    const found = Object.entries(record.headers ?? {}).map(([name, text]) => [name, String(text)]);
    const same = JSON.stringify(found) === JSON.stringify(Object.entries(expectedHeaders));
    return same ? null : `the headers are ${JSON.stringify(found)}`;
  };
  return { id, key, sequence, value, headers, check };
}

/** What an event of this file says of itself when it is read back. */
export function identifyDirect(record: TopicRecord): Identity<Parsed> {
  const parsed = JSON.parse(record.value.toString()) as Parsed;
  return { id: parsed.id, sequence: parsed.sequence, parsed };
}

/**
 * Sends `KEYS × EVENTS_PER_KEY` events as the Worker does: the next event of a key when the one
 * before is confirmed, at most one of a key in a request, and again when there is any doubt.
 * `onProgress(share)` is called after each confirmed request. Gives the expected events, and how
 * often which answer was not a confirmation.
 */
export async function sendDirect(
  dialect: Dialect,
  server: RestServer,
  topic: string,
  onProgress: (share: number) => void,
) {
  const expected = new Map<string, ExpectedEvent<Parsed>>();
  const doubts = new Map<Answer["status"], number>();
  let confirmed = 0;
  const sendOne = async (records: DirectEvent[]) => {
    const deadline = Date.now() + RETRY_LIMIT_MS;
    for (;;) {
      const answer: Answer = await SEND[dialect](server, topic, records).catch((error) => ({
        status: "no answer",
        isConfirmed: false,
        body: errorMessage(error),
      }));
      if (answer.isConfirmed) break;
      doubts.set(answer.status, (doubts.get(answer.status) ?? 0) + 1);
      if (Date.now() > deadline) throw new Error(`Not confirmed: ${JSON.stringify(answer)}`);
      await sleep(RETRY_MS);
    }
    confirmed += records.length;
    onProgress(confirmed / (KEYS * EVENTS_PER_KEY));
  };
  const lane = async (keys: string[]) => {
    for (let sequence = 1; sequence <= EVENTS_PER_KEY; sequence++) {
      const events = keys.map((key) => eventOf(key, sequence, dialect));
      for (const event of events) expected.set(event.id, event);
      await sendOne(events);
    }
  };
  const keys = Array.from({ length: KEYS }, (_, index) => `key_${index}`);
  const lanes: Promise<void>[] = [];
  while (keys.length > 0) lanes.push(lane(keys.splice(0, KEYS_PER_REQUEST)));
  await Promise.all(lanes);
  return { expected, doubts };
}
