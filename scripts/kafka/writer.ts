// Writes records to a Kafka cluster and says where each one went, or that it is not known whether
// all of them are written. This file must not know of HTTP.
import { compatibilityPartitioner, Producer, type ProducerOptions } from "@platformatic/kafka";
import { errorMessage } from "../processes/errors.ts";
import type { RequestedRecord } from "./produce-request.ts";

type Bytes = ProducerOptions<Buffer, Buffer, Buffer, Buffer>;

/** The client's options that lead to a cluster. */
export type Connection = Pick<Bytes, "bootstrapBrokers" | "tls" | "sasl">;

type Placed = RequestedRecord & { partition: number; timestamp: number };
type Written = { topic: string; partition: number; offset: number; timestamp: number };

/** What the client puts into its errors. */
type ClientError = Error & {
  errors?: unknown[];
  apiCode?: number;
  code?: string;
  canRetry?: boolean;
};

const CLIENT_ID = "kafka-gateway";

// Three tries of at most these each end before ANSWER_LIMIT_MS, so that an answer says how the
// attempt ended and not merely that it took too long. An idempotent producer of this client
// takes fewer than two retries to mean no end of them.
const RETRIES = 2;
const RETRY_DELAY_MS = 250;
const CONNECT_LIMIT_MS = 2_000;
const REQUEST_LIMIT_MS = 2_500;
const ANSWER_LIMIT_MS = 9_000;
const WAITING_MAX = 256;

/** A broker accepts batches of up to 1 MiB by default; this leaves room for the frame. */
const BATCH_BYTES_MAX = 900_000;
/** More than the lengths and the timestamp of one record take. */
const RECORD_FRAME_BYTES = 64;
const HEADER_FRAME_BYTES = 10;

/** Whether the records are written is not known, or it is known that they are not. */
export class NotWritten extends Error {}
/** The cluster has refused the records themselves: sending them again will not help. */
export class Refused extends Error {}
export class TooLarge extends Refused {}

/** The broker's error code for a record or a batch that is larger than it takes. */
const MESSAGE_TOO_LARGE = 10;

/** All errors of a tree: the client nests them in `errors` and `cause`. */
function* errorsIn(error: unknown): Generator<ClientError> {
  if (!(error instanceof Error)) return;
  const own: ClientError = error;
  yield own;
  for (const inner of own.errors ?? []) yield* errorsIn(inner);
  yield* errorsIn(error.cause);
}

function failureOf(error: unknown): NotWritten | Refused {
  if (error instanceof NotWritten || error instanceof Refused) return error;
  const all = [...errorsIn(error)];
  if (all.some(({ apiCode }) => apiCode === MESSAGE_TOO_LARGE)) {
    return new TooLarge("a record is larger than the broker takes", { cause: error });
  }
  const last = all.findLast(({ errors = [] }) => errors.length === 0) ?? error;
  return new NotWritten(`the broker did not confirm the records: ${errorMessage(last)}`, {
    cause: error,
  });
}

/** A broker that will never give this client a producer id, as opposed to one that cannot now. */
function isRefusedForGood(error: unknown): boolean {
  return [...errorsIn(error)].some(
    ({ code, canRetry }) =>
      code === "PLT_KFK_UNSUPPORTED_API" || (code === "PLT_KFK_PROTOCOL" && canRetry === false),
  );
}

function bytesOf({ key, value, headers }: RequestedRecord): number {
  const framed = headers.map(([name, text]) => name.length + text.length + HEADER_FRAME_BYTES);
  const sum = framed.reduce((total, bytes) => total + bytes, 0);
  return (key?.length ?? 0) + value.length + sum + RECORD_FRAME_BYTES;
}

/** The records in their order, in pieces that a broker takes as one batch. */
function piecesOf(records: Placed[]): Placed[][] {
  const pieces: Placed[][] = [];
  let room = 0;
  for (const record of records) {
    const bytes = bytesOf(record);
    if (bytes > room) {
      pieces.push([]);
      room = BATCH_BYTES_MAX;
    }
    pieces.at(-1)?.push(record);
    room -= bytes;
  }
  return pieces;
}

/**
 * A writer to the cluster that `connection` leads to: the client's `bootstrapBrokers`, and perhaps
 * `tls` and `sasl`.
 *
 * One send at a time: this client numbers the batches of an idempotent producer anew after a
 * failure, and a second send under way at that moment could take numbers that the broker has seen
 * before, and be confirmed without being written.
 */
export function openWriter(connection: Connection) {
  const open = (idempotent: boolean) =>
    new Producer<Buffer, Buffer, Buffer, Buffer>({
      ...connection,
      clientId: CLIENT_ID,
      idempotent,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
      timeout: REQUEST_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      connectTimeout: CONNECT_LIMIT_MS,
      autocreateTopics: true,
    });
  let producer = open(true);
  let isSettled = false;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let spread = 0;

  /** Once: a cluster may not grant producer ids, and then is written to without. */
  async function settle(): Promise<void> {
    if (isSettled) return;
    try {
      await producer.initIdempotentProducer({});
    } catch (error) {
      if (!isRefusedForGood(error)) throw error;
      console.warn("The broker gives no producer id; a retry may write a record twice.");
      await producer.close();
      producer = open(false);
    }
    isSettled = true;
  }

  /** The same partition as every Java producer chooses for that key. */
  function partitionOf(
    { topic, key, partition }: RequestedRecord,
    counts: Map<string, { partitionsCount: number }>,
  ): number {
    const count = counts.get(topic)?.partitionsCount;
    if (!count) throw new NotWritten(`the broker does not know the topic ${topic}`);
    if (partition === undefined) {
      return (key ? compatibilityPartitioner({ topic, key }, key) : spread++) % count;
    }
    if (partition < count) return partition;
    throw new Refused(`the topic ${topic} has no partition ${partition}`);
  }

  async function place(records: RequestedRecord[]): Promise<Placed[]> {
    const topics = [...new Set(records.map(({ topic }) => topic))];
    const metadata = await producer.metadata({ topics, autocreateTopics: true });
    return records.map((record) => ({
      ...record,
      partition: partitionOf(record, metadata.topics),
      timestamp: record.timestamp ?? Date.now(),
    }));
  }

  async function send(records: Placed[]): Promise<Written[]> {
    const messages = records.map(({ headers, timestamp, key, ...record }) => ({
      ...record,
      ...(key ? { key } : {}),
      headers: new Map(headers),
      timestamp: BigInt(timestamp),
    }));
    const { offsets = [] } = await producer.send({ messages, acks: -1 });
    const next = new Map(offsets.map((at) => [`${at.topic} ${at.partition}`, Number(at.offset)]));
    return records.map(({ topic, partition, timestamp }) => {
      const offset = next.get(`${topic} ${partition}`) ?? -1;
      if (offset < 0) throw new NotWritten("the broker confirmed only some of the records");
      next.set(`${topic} ${partition}`, offset + 1);
      return { topic, partition, offset, timestamp };
    });
  }

  async function writeNow(records: RequestedRecord[], deadline: number): Promise<Written[]> {
    if (Date.now() > deadline) throw new NotWritten("others were written for too long");
    await settle();
    const placed: Written[] = [];
    for (const piece of piecesOf(await place(records))) placed.push(...(await send(piece)));
    return placed;
  }

  /**
   * Writes all of `records`, those of one partition in their order; gives for each, in order,
   * where it went. Throws NotWritten or Refused, and then some of them
   * may be written all the same.
   */
  async function write(records: RequestedRecord[]): Promise<Written[]> {
    if (waiting >= WAITING_MAX) throw new NotWritten("too many requests are waiting");
    const deadline = Date.now() + ANSWER_LIMIT_MS;
    waiting++;
    const turn = last
      .then(() => writeNow(records, deadline))
      .catch((error) => {
        throw failureOf(error);
      })
      .finally(() => waiting--);
    last = turn.catch(() => {});
    return within(turn, ANSWER_LIMIT_MS);
  }

  /** Throws unless a broker answers. */
  async function ask(): Promise<void> {
    const asked = producer.metadata({ topics: [], forceUpdate: true });
    const { brokers } = await within(asked, ANSWER_LIMIT_MS).catch((error) => {
      throw failureOf(error);
    });
    if (brokers.size === 0) throw new NotWritten("no broker is in service yet");
  }

  /** Ends the connections, after what is being written. */
  async function close(): Promise<void> {
    await within(last, ANSWER_LIMIT_MS).catch(() => {});
    await producer.close();
  }

  return { write, ask, close };
}

async function within<Value>(promise: Promise<Value>, limit_ms: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `the broker did not confirm within ${limit_ms / 1000} s`;
    timer = setTimeout(() => reject(new NotWritten(text)), limit_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
