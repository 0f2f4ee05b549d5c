/** A stream over a REST dialect: what all dialects have in common. */
import type { KafkaRest } from "../config";
import { TimeoutError } from "../runtime/with-timeout";
import { type RestResponse, sendRequest } from "./rest-request";
import type { Produced, Stream, StreamRecord } from "./stream";

export type Dialect = {
  /** Appended to the base URL; begins with a slash. */
  path: string;
  content_type: string;
  accept: string;
  buildBody(records: StreamRecord[]): string;
  /** The result that a response of any status reports for this many records. */
  read(response: RestResponse, records: number): Produced;
};

export function restStream(rest: KafkaRest, dialect: Dialect): Stream {
  const { path, content_type, accept } = dialect;
  return {
    async produce(records) {
      if (records.length === 0) return { kind: "written" };
      try {
        const body = dialect.buildBody(records);
        const response = await sendRequest(
          rest,
          { path, content_type, accept, body },
          records.length,
        );
        return dialect.read(response, records.length);
      } catch (fault) {
        const isLate = fault instanceof TimeoutError;
        const reason = isLate ? `no answer within ${rest.timeout_ms} ms` : "the call failed";
        return { kind: "failed", reason };
      }
    },
  };
}
