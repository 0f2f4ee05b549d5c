// The test's own senders, one for each REST form: written from the forms' descriptions, and sharing
// no code with the Worker's. Each sends a batch once and says whether all of it was confirmed.
const ANSWER_LIMIT_MS = 12_000;

function basic({ username, password }) {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function post(url, headers, body) {
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const response = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    signal,
  });
  return { status: response.status, body: await response.json() };
}

async function upstash(server, topic, records) {
  const { status, body } = await post(
    `${server.url}/produce`,
    { authorization: basic(server), "content-type": "application/json" },
    records.map(({ key, value, headers }) => ({ topic, key, value, headers })),
  );
  const isWhole = Array.isArray(body) && body.length === records.length;
  return { status, isConfirmed: status === 200 && isWhole, body };
}

const base64 = (text) => Buffer.from(text).toString("base64");

async function restV2(server, topic, records) {
  const { status, body } = await post(
    `${server.url}/topics/${topic}`,
    {
      "content-type": "application/vnd.kafka.binary.v2+json",
      accept: "application/vnd.kafka.v2+json",
    },
    { records: records.map(({ key, value }) => ({ key: base64(key), value: base64(value) })) },
  );
  const offsets = Array.isArray(body?.offsets) ? body.offsets : [];
  const isWhole = offsets.length > 0 && offsets.every((at) => !at.error_code && !at.error);
  return { status, isConfirmed: status === 200 && isWhole, body };
}

/** `send(server, topic, records)`: `{ status, isConfirmed, body }`; throws when there is no answer. */
export const SEND = { upstash, "rest-v2": restV2 };
