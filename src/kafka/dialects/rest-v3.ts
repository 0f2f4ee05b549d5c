/** `POST …/records` of Confluent Cloud and of Confluent REST Proxy from version 6: JSON texts one after
 *  the other in both directions, each record with a report of its own. Strings are stored to the byte. */
import * as z from "zod";
import { base64 } from "../base64";
import { CLOUD_EVENT_MEDIA_TYPE } from "../cloud-event";
import { classifyMessage, classifyStatus, type ErrorClass } from "../error-class";
import { readRecordFaults, readUnconfirmed, readWholeFault } from "../errors";
import { jsonSequence } from "../json-sequence";
import type { Dialect } from "../rest-client";

const HEADERS = [{ name: "content-type", value: base64(CLOUD_EVENT_MEDIA_TYPE) }];
/** Kafka refuses the record: the only permanent error among the 500s. */
const NOT_RETRIABLE = 50002;
const RETRIABLE = 50003;

const Reports = z.array(z.object({ error_code: z.int(), message: z.string().nullish() }));

export function restV3(clusterId: string, topic: string): Dialect {
  return {
    path: `/v3/clusters/${clusterId}/topics/${topic}/records`,
    content_type: "application/json",
    accept: "application/json",
    buildBody: (records) =>
      records
        .map(({ key, value }) =>
          JSON.stringify({
            headers: HEADERS,
            key: { type: "STRING", data: key },
            value: { type: "STRING", data: value },
          }),
        )
        .join("\n"),
    read(answer, records) {
      if (answer.status !== 200) return readWholeFault(answer);
      const json = jsonSequence(answer.text ?? "");
      const parsed = Reports.safeParse(json);
      if (!parsed.success) return readUnconfirmed(answer, json);
      const faults = parsed.data
        .map(({ error_code, message }, index) => ({
          errorClass: complaintOfReport(error_code, message ?? ""),
          code: error_code,
          message: message ?? "",
          index, // A missing report ends the list: those before it are in order.
        }))
        .filter(({ code }) => code !== 200);
      if (faults.length > 0) return readRecordFaults(answer, faults, parsed.data.length);
      return parsed.data.length === records ? { kind: "written" } : readUnconfirmed(answer, json);
    },
  };
}

/** A code is an HTTP status, or one with two more digits. */
function complaintOfReport(code: number, message: string): ErrorClass {
  if (code === NOT_RETRIABLE) return "records";
  if (code === RETRIABLE) return "failed";
  const complaint = classifyStatus(code >= 10_000 ? Math.floor(code / 100) : code);
  return complaint === "unclear" ? classifyMessage(message) : complaint;
}
