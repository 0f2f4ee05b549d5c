/** `POST /topics/{topic}` with binary embedding: Confluent REST Proxy, Karapace, Redpanda's HTTP Proxy,
 *  Strimzi Kafka Bridge. Base64 keeps keys and values equal to the byte; the JSON embedding would store
 *  keys with their quotes. Record headers only on request: Strimzi takes them, Confluent drops them, Karapace
 *  and Redpanda refuse the request. */
import * as z from "zod";
import { base64 } from "../base64";
import { CLOUD_EVENT_MEDIA_TYPE } from "../cloud-event";
import { classifyMessage, type ErrorClass } from "../error-class";
import { parseJson, readRecordFaults, readUnconfirmed, readWholeFault } from "../errors";
import type { Dialect } from "../rest-client";

/** Confluent writes `error_code: null`, Strimzi `message`, Karapace and Confluent `error`. */
const Report = z.object({
  partition: z.int().nullish(),
  offset: z.int().nullish(),
  error_code: z.int().nullish(),
  error: z.string().nullish(),
  message: z.string().nullish(),
});
type Report = z.infer<typeof Report>;
const Reports = z.object({ offsets: z.array(Report).min(1) });

/** The classes of unambiguous codes: Confluent's five digits, and Kafka's own, which Redpanda returns. */
const CODES = new Map<number, ErrorClass>([
  [10, "records"], // MESSAGE_TOO_LARGE
  [18, "records"], // RECORD_LIST_TOO_LARGE
  [87, "records"], // INVALID_RECORD
  [50002, "records"],
  [17, "access"], // INVALID_TOPIC_EXCEPTION
  [29, "access"], // TOPIC_AUTHORIZATION_FAILED
  [31, "access"], // CLUSTER_AUTHORIZATION_FAILED
  [40101, "access"],
  [40301, "access"],
  [50003, "failed"],
  [404, "failed"], // Strimzi: a topic that is not in its metadata yet.
  ...[408, 429, 503, 504].map((status): [number, ErrorClass] => [status, "failed"]),
  // Kafka's temporary errors: https://kafka.apache.org/protocol#protocol_error_codes. 2 is Karapace's as well.
  ...[2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 56, 74, 75, 89, 97, 98].map(
    (code): [number, ErrorClass] => [code, "failed"],
  ),
]);

/** Strimzi's 500 and Karapace's 1 stand for a record that is too large as well as for a time-out: the message decides. */
function classifyReport({ error_code, error, message }: Report): ErrorClass {
  return CODES.get(error_code ?? 0) ?? classifyMessage(error ?? message ?? "");
}

const HEADERS = [{ key: "content-type", value: base64(CLOUD_EVENT_MEDIA_TYPE) }];

/** @param hasHeaders whether each record has a header with its content type */
export function restV2(topic: string, hasHeaders: boolean): Dialect {
  const headers = hasHeaders ? { headers: HEADERS } : {};
  return {
    path: `/topics/${topic}`,
    content_type: "application/vnd.kafka.binary.v2+json",
    accept: "application/vnd.kafka.v2+json",
    buildBody: (records) =>
      JSON.stringify({
        records: records.map(({ key, value }) => ({
          key: base64(key),
          value: base64(value),
          ...headers,
        })),
      }),
    read(answer, records) {
      const json = parseJson(answer.text);
      const parsed = Reports.safeParse(json);
      const reports = parsed.success ? parsed.data.offsets : [];
      const isEach = reports.length === records;
      const faults = reports
        .map((report, at) => ({ report, index: isEach ? at : undefined }))
        .filter(({ report }) => isFault(report))
        .map(({ report, index }) => ({
          errorClass: classifyReport(report),
          code: report.error_code ?? undefined,
          message: report.error ?? report.message ?? "",
          index,
        }));
      // Confluent sends reports with 200, 401 or 403, Karapace with 422, the others with 200.
      if (faults.length > 0) return readRecordFaults(answer, faults, reports.length);
      if (answer.status !== 200) return readWholeFault(answer);
      return isComplete(reports, records) ? { kind: "written" } : readUnconfirmed(answer, json);
    },
  };
}

function isFault({ error_code, error, message }: Report): boolean {
  return [error_code, error, message].some((word) => word !== undefined && word !== null);
}

/** A report for each record, or, from Redpanda, one for each partition written to. */
function isComplete(reports: Report[], records: number): boolean {
  const partitions = new Set(reports.map(({ partition }) => partition));
  const isOfPartitions = partitions.size === reports.length && reports.length < records;
  const isPlaced = reports.every(
    ({ partition, offset }) => typeof partition === "number" && typeof offset === "number",
  );
  return isPlaced && reports.length > 0 && (reports.length === records || isOfPartitions);
}
