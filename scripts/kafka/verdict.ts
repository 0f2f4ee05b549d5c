// Compares what was read from a topic with what should be in it: every event at least once, each
// key's first occurrences in the order of their numbers, the same bytes each time. Pure.

/** A record as a reader of the topic sees it. */
export type TopicRecord = {
  partition: number;
  key: Buffer | null | undefined;
  value: Buffer;
  headers: Record<string, unknown> | undefined;
};

/** An event that has to be in the topic; `check` gives what is wrong with a record of it, or null. */
export type ExpectedEvent<Parsed> = {
  key: string;
  sequence: number;
  check(record: TopicRecord, parsed: Parsed): string | null;
};

/** What a record says of itself. */
export type Identity<Parsed> = { id: string; sequence: number; parsed: Parsed };

export type Verdict = {
  sent: number;
  received: number;
  duplicates: number;
  order_violations: number;
  missing: number;
  problems: string[];
};

function textOf(headers: TopicRecord["headers"]): string {
  const entries = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);
  return JSON.stringify(entries.sort());
}

/** Compares what has to be there, by the ids of events, with the records that were read. */
export function judge<Parsed>(
  expected: Map<string, ExpectedEvent<Parsed>>,
  records: TopicRecord[],
  identify: (record: TopicRecord) => Identity<Parsed>,
): Verdict {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const partitions = new Map<string, number>();
  const highest = new Map<string, number>();
  let duplicates = 0;
  let order_violations = 0;
  for (const record of records) {
    const key = record.key?.toString() ?? "";
    const { id, sequence, parsed } = identify(record);
    const event = expected.get(id);
    if (!event) {
      problems.push(`there is a record of nobody's: ${id}`);
      continue;
    }
    if (key !== event.key) problems.push(`${id} has the key ${key}`);
    if ((partitions.get(key) ?? record.partition) !== record.partition) {
      problems.push(`${key} is in two partitions`);
    }
    partitions.set(key, record.partition);
    const bytes = `${record.value.toString("base64")} ${textOf(record.headers)}`;
    if (seen.has(id)) {
      duplicates++;
      if (seen.get(id) !== bytes) problems.push(`${id} came again with other bytes`);
      continue;
    }
    seen.set(id, bytes);
    const wrong = event.check(record, parsed);
    if (wrong) problems.push(`${id}: ${wrong}`);
    if (sequence !== event.sequence) problems.push(`${id} has the number ${sequence}`);
    if (event.sequence !== (highest.get(key) ?? 0) + 1) order_violations++;
    highest.set(key, Math.max(event.sequence, highest.get(key) ?? 0));
  }
  const missing = [...expected.keys()].filter((id) => !seen.has(id));
  if (missing.length > 0) problems.push(`${missing.length} missing, such as ${missing[0]}`);
  if (order_violations > 0) problems.push("events of one key are out of order");
  return {
    sent: expected.size,
    received: records.length,
    duplicates,
    order_violations,
    missing: missing.length,
    problems,
  };
}
