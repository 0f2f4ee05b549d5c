/** The port to a Kafka topic. An adapter gives one of three answers and never throws. */

/** One record of the topic: both are text, key is the transaction id. */
export type StreamRecord = { key: string; value: string };

/** `reason` is for logs: short, printable, without secrets. Anything but `written` confirms no single record:
 *  any of them may be in the topic, and all of them are sent again. `suspects` are the places of the records
 *  that the server complains of, when it reports on each: where to look first, and no more than that. */
export type Produced =
  | { kind: "written" }
  /** Nothing may be taken as written; may be tried again with the same records. `unclear`: the server gives no
   *  reason that is known to pass, so if it goes on, a record may be at fault. */
  | {
      kind: "failed";
      reason: string;
      retry_after_ms?: number;
      unclear?: true;
      suspects?: number[];
    }
  /** The server will never take these as they are. `records`: the content of at least one is at fault;
   *  `access`: credentials, topic or address are, so nothing else would pass either. */
  | { kind: "refused"; because: "records" | "access"; reason: string; suspects?: number[] };

export type Stream = {
  /** Writes all records or says that it cannot be sure. Order is kept only between calls: a call
   *  holds at most one record of a key. */
  produce(records: StreamRecord[]): Promise<Produced>;
};
