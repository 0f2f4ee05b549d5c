/** A stream over any REST dialect: what all dialects do alike. */
import type { KafkaRest } from "../config";
import { TimeoutError } from "../runtime/with-timeout";
import { type RestResponse, sendRequest } from "./rest-request";
import type { Produced, Stream, StreamRecord } from "./stream";

export type Dialect = {
  /** Behind the base URL, beginning with a slash. */
  path: string;
  content_type: string;
  accept: string;
  buildBody(records: StreamRecord[]): string;
  /** What an answer, whatever its status, says about this many records. */
  read(answer: RestResponse, records: number): Produced;
};

export function restStream(rest: KafkaRest, dialect: Dialect): Stream {
  const { path, content_type, accept } = dialect;
  return {
    async produce(records) {
      if (records.length === 0) return { kind: "written" };
      try {
        const body = dialect.buildBody(records);
        const answer = await sendRequest(
          rest,
          { path, content_type, accept, body },
          records.length,
        );
        return dialect.read(answer, records.length);
      } catch (fault) {
        const isLate = fault instanceof TimeoutError;
        const reason = isLate ? `no answer within ${rest.timeout_ms} ms` : "the call failed";
        return { kind: "failed", reason };
      }
    },
  };
}
