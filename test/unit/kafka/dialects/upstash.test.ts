/** The upstash dialect. */
import { Kafka as UpstashKafka } from "@upstash/kafka";
import { describe, expect, it } from "vitest";
import { CLOUD_EVENT_MEDIA_TYPE } from "../../../../src/kafka/cloud-event";
import type { Produced } from "../../../../src/kafka/stream";
import {
  answerWith,
  asked,
  failed,
  type Play,
  RECORDS,
  refused,
  requests,
  says,
  streamWith,
  UNCONFIRMED,
  url,
  WRITTEN,
} from "../../../support/kafka-rest";

const UPSTASH_OK = [
  { topic: "tx", partition: 0, offset: 0, timestamp: 1637743323016 },
  { topic: "tx", partition: 2, offset: 7, timestamp: 1637743323016 },
];

describe("the upstash dialect", () => {
  it("The upstash dialect sends what the last published client sends", async () => {
    answerWith(says(200, UPSTASH_OK));
    const [username, password] = ["ada", "s3cret/+="];
    const client = new UpstashKafka({ url: `${url}/`, username, password });
    const headers = [{ key: "content-type", value: CLOUD_EVENT_MEDIA_TYPE }];
    const messages = RECORDS.map(({ key, value }) => ({ topic: "tx", key, value, headers }));
    await client.producer().produceMany(messages);
    const stream = streamWith({
      KAFKA_REST_URL: `${url}/`,
      KAFKA_REST_USERNAME: username,
      KAFKA_REST_PASSWORD: password,
    });
    expect(await stream.produce(RECORDS)).toEqual(WRITTEN);

    const [theirs, ours] = requests.map(({ method, url, headers, body }) => ({
      method,
      url,
      content_type: headers["content-type"],
      authorization: headers.authorization,
      content_encoding: headers["content-encoding"],
      body: JSON.parse(body),
    }));
    expect(ours).toEqual(theirs);
    expect(ours?.body[0].value).toBe(RECORDS[0]?.value);
  });

  it.each<[string, Play, Produced]>([
    ["one offset for each record", says(200, UPSTASH_OK), WRITTEN],
    ["too few offsets", says(200, UPSTASH_OK.slice(1)), UNCONFIRMED],
    ["one object instead of a list", says(200, UPSTASH_OK[0]), UNCONFIRMED],
    ["an error under 200", says(200, { error: "no", status: 500 }), UNCONFIRMED],
    ["offsets below 0", says(200, [UPSTASH_OK[0], { partition: 0, offset: -1 }]), UNCONFIRMED],
    [
      "401",
      says(401, { error: "Unauthorized", status: 401 }),
      refused("access", "HTTP 401: Unauthorized"),
    ],
    [
      "400",
      says(400, { error: "value is missing", status: 400 }),
      refused("records", "HTTP 400: value is missing"),
    ],
    ["500", says(500, { error: "oh", status: 500 }), failed("HTTP 500: oh")],
    ["a success without content", says(204, ""), failed("HTTP 204, not JSON")],
  ])("The upstash dialect reads %s", async (_, answer, expected) => {
    expect(await asked("upstash", answer)).toMatchObject(expected);
  });
});
