// The published Upstash REST produce form, read: one message or an array of them, each with a
// topic, a value, and perhaps a key, headers, a partition, a timestamp. This file must not know
// of HTTP or of a broker.

/** As many as a sender sensibly gathers; more is a mistake rather than a batch. */
const RECORDS_MAX = 1_000;
const HEADERS_MAX = 100;
/** The broker's own rule for names. */
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const PARTITION_MAX = 2 ** 31 - 1;
const FIELDS = new Set(["topic", "value", "key", "headers", "partition", "timestamp"]);

/** A record to produce, its texts as bytes. */
export type RequestedRecord = {
  topic: string;
  value: Buffer;
  key: Buffer | undefined;
  headers: [name: Buffer, value: Buffer][];
  partition: number | undefined;
  timestamp: number | undefined;
};

/** A request that cannot be understood; its message names the place. */
export class BadRequest extends Error {}

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BadRequest(message);
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

// The published client leaves an option out or sends it as null; both mean that it was not given.
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readHeaders(headers: unknown, at: string): RequestedRecord["headers"] {
  if (!isGiven(headers)) return [];
  must(Array.isArray(headers), `${at}.headers must be an array`);
  must(headers.length <= HEADERS_MAX, `${at}.headers has more than ${HEADERS_MAX} entries`);
  return headers.map((header: { key?: unknown; value?: unknown } | null) => {
    const { key, value } = header ?? {};
    const isNamed = typeof key === "string" && typeof value === "string";
    must(isNamed, `${at}.headers must hold a key and a value each, both strings`);
    return [Buffer.from(key), Buffer.from(value)];
  });
}

function readRecord(message: unknown, index: number): RequestedRecord {
  const at = `message ${index}`;
  const isObject = typeof message === "object" && message !== null && !Array.isArray(message);
  must(isObject, `${at} must be an object`);
  const unknown = Object.keys(message).find((name) => !FIELDS.has(name));
  must(unknown === undefined, `${at} has an unknown field, ${unknown}`);
  const { topic, value, key, headers, partition, timestamp }: Record<string, unknown> = {
    ...message,
  };
  must(typeof topic === "string" && TOPIC.test(topic), `${at}.topic must be a topic's name`);
  must(topic !== "." && topic !== "..", `${at}.topic must be a topic's name`);
  must(typeof value === "string", `${at}.value must be a string`);
  must(!isGiven(key) || typeof key === "string", `${at}.key must be a string`);
  must(
    !isGiven(partition) || isWhole(partition, PARTITION_MAX),
    `${at}.partition must be a whole number`,
  );
  must(
    !isGiven(timestamp) || isWhole(timestamp, Number.MAX_SAFE_INTEGER),
    `${at}.timestamp must be milliseconds since 1970`,
  );
  return {
    topic,
    value: Buffer.from(value),
    key: typeof key === "string" ? Buffer.from(key) : undefined,
    headers: readHeaders(headers, at),
    partition: typeof partition === "number" ? partition : undefined,
    timestamp: typeof timestamp === "number" ? timestamp : undefined,
  };
}

/**
 * Parses the body of a produce request into its records, in their order. Throws a BadRequest.
 */
export function readProduceRequest(text: string): RequestedRecord[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new BadRequest("the body must be JSON");
  }
  const messages = Array.isArray(body) ? body : [body];
  must(messages.length > 0, "there is no message");
  must(messages.length <= RECORDS_MAX, `there are more than ${RECORDS_MAX} messages`);
  return messages.map(readRecord);
}
