/** The settings of the stream. */
import { describe, expect, it } from "vitest";
import { SettingsError } from "../../../src/config";
import { createStream } from "../../../src/kafka/create";
import { CREDENTIALS, configWith, url } from "../../support/kafka-rest";

describe("the settings", () => {
  it("The stream is off without a URL, whatever else is set", () => {
    const settings = { KAFKA_REST_DIALECT: "rest-v3", ...CREDENTIALS };
    for (const each of [{}, { KAFKA_REST_URL: "" }, settings]) {
      expect(configWith(each).kafka).toEqual({ dialect: "off" });
      expect(createStream(configWith(each))).toBeUndefined();
    }
  });

  it("The stream's settings have defaults", () => {
    expect(configWith({ KAFKA_REST_URL: "https://kafka.example/a/b" }).kafka).toEqual({
      dialect: "upstash",
      url: "https://kafka.example/a/b",
      username: "",
      password: "",
      topic: "payment-events",
      timeout_ms: 10_000,
    });
  });

  const v3 = { KAFKA_REST_DIALECT: "rest-v3", KAFKA_REST_URL: "https://kafka.example" };
  it.each<[Record<string, string>, string]>([
    [{ KAFKA_REST_DIALECT: "confluent" }, "KAFKA_REST_DIALECT"],
    [{ KAFKA_REST_URL: "kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "ftp://kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://ada:pass@kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://ada@kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://kafka.example/?a=1" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: "https://kafka.example/#" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_URL: " https://kafka.example" }, "KAFKA_REST_URL"],
    [{ KAFKA_REST_USERNAME: "a:b" }, "KAFKA_REST_USERNAME"],
    [{ KAFKA_REST_PASSWORD: "secret-with-a\n" }, "KAFKA_REST_PASSWORD"],
    [{ KAFKA_TOPIC: "" }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: ".." }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: "a/b" }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: "a\n" }, "KAFKA_TOPIC"],
    [{ KAFKA_TOPIC: "t".repeat(250) }, "KAFKA_TOPIC"],
    [{ KAFKA_CLUSTER_ID: "lkc/1" }, "KAFKA_CLUSTER_ID"],
    [{ KAFKA_TIMEOUT_MS: "0" }, "KAFKA_TIMEOUT_MS"],
    [{ KAFKA_TIMEOUT_MS: "60001" }, "KAFKA_TIMEOUT_MS"],
    [v3, "KAFKA_CLUSTER_ID"],
    [
      { ...v3, KAFKA_REST_DIALECT: "upstash", KAFKA_REST_PASSWORD: "secret-1" },
      "KAFKA_REST_USERNAME",
    ],
  ])("The setting %j is refused, and its value is not shown", (settings, name) => {
    const check = () => configWith(settings);
    expect(check).toThrow(SettingsError);
    expect(check).toThrow(name);
    for (const secret of ["ada", "pass", "secret"]) expect(check).not.toThrow(secret);
  });

  it.each(["...", "a", "A.b_c-9", "t".repeat(249)])("The topic %s is accepted", (topic) => {
    const { kafka } = configWith({ KAFKA_REST_URL: url, KAFKA_TOPIC: topic });
    expect(kafka).toMatchObject({ topic });
  });
});
