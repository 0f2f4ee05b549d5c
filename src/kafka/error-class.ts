/** Classifies errors of a REST server in front of Kafka: by HTTP status, or by message where the code is ambiguous.
 *  docs/kafka.md lists the servers, their versions and their messages. */

/** `failed` is temporary (an outage, a time-out, a limit). `records` and `access` last until an operator repairs
 *  something. `unclear` may be either: the server gave no reason in this list. */
export type ErrorClass = "failed" | "unclear" | "records" | "access";

/** The class of an HTTP status. An unknown 4xx counts as `access`, which holds everything back and loses nothing. */
export function classifyStatus(status: number): ErrorClass {
  if ([400, 413, 422].includes(status)) return "records";
  if ([408, 425, 429].includes(status)) return "failed";
  if (status === 500) return "unclear";
  return status >= 300 && status < 500 ? "access" : "failed";
}

/** Messages under codes with several meanings, the most specific first. They are those of Kafka's Java client and broker
 *  (`org.apache.kafka.common.protocol.Errors`, `KafkaProducer`), which Strimzi passes on, and of kafka-python's
 *  `kafka.errors`, which Karapace passes on. */
const MESSAGES: [RegExp, ErrorClass][] = [
  [/larger than (the max message size|this maximum)/i, "records"],
  [/when serialized which is larger than/i, "records"],
  [/larger than the configured segment size/i, "records"],
  [/record has failed the validation|broker failed to validate record/i, "records"],
  [/record ?too ?large|message ?(size)? ?too ?large|message_too_large/i, "records"],
  [/not authori[sz]ed|authori[sz]ation|authenticat|\bSASL\b|\bSSL\b|\bTLS\b/i, "access"],
  [/time-?d? ?out|time ?out|expir|cancell?ed|interrupt|retr(y|iable)/i, "failed"],
  [/leader|in-sync|replica|does not host|not (present )?in metadata|epoch/i, "failed"],
  [/not available|unavailable|disconnect|connect|broker|coordinator|network/i, "failed"],
  [/overload|throttl|quota|too many|buffer|queue|memory|disk|log directory|closed/i, "failed"],
];

export function classifyMessage(message: string): ErrorClass {
  return MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ?? "unclear";
}
