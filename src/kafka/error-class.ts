/** Classifies what a REST server in front of Kafka says is wrong: an HTTP status, or the words of an error
 *  whose code says nothing. docs/kafka.md lists the servers, their versions and their words. */

/** `failed` passes by itself (an outage, a time-out, a limit). `records` and `access` last until somebody
 *  repairs something. `unclear` may be either: the server gave no reason that is known here. */
export type ErrorClass = "failed" | "unclear" | "records" | "access";

/** What an HTTP status complains of. An unknown 4xx holds everything back, which loses nothing. */
export function classifyStatus(status: number): ErrorClass {
  if ([400, 413, 422].includes(status)) return "records";
  if ([408, 425, 429].includes(status)) return "failed";
  if (status === 500) return "unclear";
  return status >= 300 && status < 500 ? "access" : "failed";
}

/** A server's own words under a code that also has other meanings, most telling first. Kafka's Java client
 *  and broker (`org.apache.kafka.common.protocol.Errors`, `KafkaProducer`) word them so, and Strimzi passes
 *  them on; Karapace passes on the descriptions of kafka-python's `kafka.errors`. */
const WORDS: [RegExp, ErrorClass][] = [
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

export function classifyMessage(words: string): ErrorClass {
  return WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? "unclear";
}
