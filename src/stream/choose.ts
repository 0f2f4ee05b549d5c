/** Which stream a deployment writes its events to, if any. */
import type { Config } from "../config";
import { restStream } from "./rest";
import { restV2 } from "./rest-v2";
import { restV3 } from "./rest-v3";
import type { Stream } from "./stream";
import { upstash } from "./upstash";

/** Undefined when KAFKA_REST_URL is empty. */
export function streamOf({ kafka }: Config): Stream | undefined {
  switch (kafka.dialect) {
    case "off":
      return undefined;
    case "upstash":
      return restStream(kafka, upstash(kafka.topic));
    case "rest-v2":
      return restStream(kafka, restV2(kafka.topic, kafka.record_headers));
    case "rest-v3":
      return restStream(kafka, restV3(kafka.cluster_id, kafka.topic));
  }
}
