/** The port to a Kafka topic. An adapter gives one of three answers and never throws. */

/** One record of the topic: both are text, key is the transaction id. */
export type StreamRecord = { key: string; value: string };

/** `reason` is for logs: short, printable, without secrets. Anything but `written` says nothing about
 *  single records: any of them may be in the topic, and all of them are sent again. */
export type Produced =
  | { kind: "written" }
  /** Nothing may be taken as written; may be tried again with the same records. */
  | { kind: "failed"; reason: string; retry_after_ms?: number }
  /** The server will never take these as they are. `records`: the content of at least one is at fault;
   *  `access`: credentials, topic or address are, so nothing else would pass either. */
  | { kind: "refused"; because: "records" | "access"; reason: string };

export type Stream = {
  /** Writes all records or says that it cannot be sure. Order is kept only between calls: a call
   *  holds at most one record of a key. */
  produce(records: StreamRecord[]): Promise<Produced>;
};
