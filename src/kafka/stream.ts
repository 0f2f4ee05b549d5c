/** The port to a Kafka topic. An adapter returns one of three results and never throws. */

/** One record of the topic: both are text, key is the transaction id. */
export type StreamRecord = { key: string; value: string };

/** `reason` is for logs: short, printable, without secrets. Anything but `written` confirms no record: any of them may be
 *  in the topic, and all are sent again. `suspects` are the indexes of the records that the server reports as bad, if it
 *  reports on each: where to search first, and no proof. */
export type Produced =
  | { kind: "written" }
  /** Nothing counts as written; the same records may be sent again. `unclear`: the reason is not known to be temporary, so
   *  if it goes on, a record may be at fault. */
  | {
      kind: "failed";
      reason: string;
      retry_after_ms?: number;
      unclear?: true;
      suspects?: number[];
    }
  /** The server will never accept these records as they are. `records`: the content of at least one is at fault;
   *  `access`: credentials, topic or address are, so no other record would be accepted either. */
  | { kind: "refused"; because: "records" | "access"; reason: string; suspects?: number[] };

export type Stream = {
  /** Writes all records, or returns that it is not certain. Order is kept only between calls: a call has at most one
   *  record of a key. */
  produce(records: StreamRecord[]): Promise<Produced>;
};
