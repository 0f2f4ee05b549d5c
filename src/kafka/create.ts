/** Creates the stream that a deployment writes its events to, if any. */
import type { Config } from "../config";
import { restV2 } from "./dialects/rest-v2";
import { restV3 } from "./dialects/rest-v3";
import { upstash } from "./dialects/upstash";
import { restStream } from "./rest-client";
import type { Stream } from "./stream";

/** The configured stream; undefined when KAFKA_REST_URL is empty. */
export function createStream({ kafka }: Config): Stream | undefined {
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
