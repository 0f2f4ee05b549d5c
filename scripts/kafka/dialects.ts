// The test's own senders, one for each REST form: written from the forms' descriptions, and sharing
// no code with the Worker's. Each sends a batch once and says whether all of it was confirmed.
import type { RestServer } from "./servers.ts";

export type Header = { key: string; value: string };
export type OutgoingRecord = { key: string; value: string; headers?: Header[] | undefined };

/** `status` is "no answer" when there is none. */
export type Answer = { status: number | "no answer"; isConfirmed: boolean; body: unknown };

type Send = (server: RestServer, topic: string, records: OutgoingRecord[]) => Promise<Answer>;

const ANSWER_LIMIT_MS = 12_000;

function basic({ username, password }: RestServer): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function post(url: string, headers: Record<string, string>, body: object) {
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const response = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    signal,
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

const upstash: Send = async (server, topic, records) => {
  const { status, body } = await post(
    `${server.url}/produce`,
    { authorization: basic(server), "content-type": "application/json" },
    records.map(({ key, value, headers }) => ({ topic, key, value, headers })),
  );
  const isWhole = Array.isArray(body) && body.length === records.length;
  return { status, isConfirmed: status === 200 && isWhole, body };
};

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** What a server of the v2 form says of each record. */
type V2Answer = { offsets?: { error_code?: number; error?: string }[] } | null;

const restV2: Send = async (server, topic, records) => {
  const { status, body } = await post(
    `${server.url}/topics/${topic}`,
    {
      "content-type": "application/vnd.kafka.binary.v2+json",
      accept: "application/vnd.kafka.v2+json",
    },
    { records: records.map(({ key, value }) => ({ key: base64(key), value: base64(value) })) },
  );
  const said = (body as V2Answer)?.offsets;
  const offsets = Array.isArray(said) ? said : [];
  const isWhole = offsets.length > 0 && offsets.every((at) => !at.error_code && !at.error);
  return { status, isConfirmed: status === 200 && isWhole, body };
};

/** Sends records once; throws when there is no answer. */
export const SEND = { upstash, "rest-v2": restV2 } satisfies Record<string, Send>;

export type Dialect = keyof typeof SEND;
