/** The produce form of Upstash's REST API for Kafka. The product ended in March 2025; the form lives on
 *  in gateways. A request fails or succeeds as a whole: there are no reports on single records. */
import * as z from "zod";
import { CLOUD_EVENT_MEDIA_TYPE } from "../cloud-event";
import { parseJson, readUnconfirmed, readWholeFault } from "../errors";
import type { Dialect } from "../rest-client";

const HEADERS = [{ key: "content-type", value: CLOUD_EVENT_MEDIA_TYPE }];

/** One report for each record, in the order of the request. */
const Written = z.array(z.object({ partition: z.int().min(0), offset: z.int().min(0) }));

export function upstash(topic: string): Dialect {
  return {
    path: "/produce",
    content_type: "application/json",
    accept: "application/json",
    buildBody: (records) =>
      JSON.stringify(records.map(({ key, value }) => ({ topic, key, value, headers: HEADERS }))),
    read(answer, records) {
      if (answer.status !== 200) return readWholeFault(answer);
      const json = parseJson(answer.text);
      const written = Written.safeParse(json);
      const isComplete = written.success && written.data.length === records;
      return isComplete ? { kind: "written" } : readUnconfirmed(answer, json);
    },
  };
}
