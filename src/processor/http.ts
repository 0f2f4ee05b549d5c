/** A processor reached over HTTP: the small form that a gateway in front of a real acquirer has to speak.
 *  docs/processor.md is the contract. Only a clear word counts; everything else is an unknown outcome. */
import * as z from "zod";
import { UNCHARGED_CODES } from "../domain/transaction";
import { readBytes } from "../read-bytes";
import { nextSpan } from "../telemetry/tracing";
import type { ChargeAnswer, ChargeRequest, Processor } from "./processor";

/** A processor's answer is a few hundred bytes; more than this is not one. */
const MAX_ANSWER_BYTES = 16_384;
const MAX_CODE_CHARACTERS = 64;
const MAX_MESSAGE_CHARACTERS = 500;

const Answer = z.discriminatedUnion("status", [
  z.object({ status: z.literal("settled") }),
  z.object({
    status: z.literal("declined"),
    code: z.string().min(1).max(MAX_CODE_CHARACTERS),
    message: z.string().max(MAX_MESSAGE_CHARACTERS).default("The processor declined the charge"),
  }),
  z.object({ status: z.literal("pending") }),
]);

export function httpProcessor(url: string, token: string | undefined): Processor {
  const endpoint = `${url.replace(/\/$/, "")}/charges`;
  return {
    async charge(request: ChargeRequest, signal: () => AbortSignal): Promise<ChargeAnswer> {
      const response = await fetch(endpoint, {
        method: "POST",
        redirect: "manual",
        signal: signal(),
        headers: {
          "Content-Type": "application/json",
          "Idempotency-Key": request.idempotency_key,
          ...(request.traceparent ? { traceparent: nextSpan(request.traceparent) } : {}),
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify({
          reference: request.idempotency_key,
          amount_minor: request.amount_minor,
          currency: request.currency,
          user_id: request.user_id,
          metadata: request.metadata,
        }),
      });
      const bytes = await readBytes(response.body, MAX_ANSWER_BYTES);
      if (!response.ok) return { kind: "unknown", reason: `HTTP ${response.status}` };
      return read(new TextDecoder().decode(bytes));
    },
  };
}

function read(text: string): ChargeAnswer {
  const unreadable: ChargeAnswer = { kind: "unknown", reason: "an answer that is not one" };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unreadable;
  }
  const parsed = Answer.safeParse(json);
  if (!parsed.success) return unreadable;
  const answer = parsed.data;
  switch (answer.status) {
    case "settled":
      return { kind: "settled" };
    case "declined":
      return { kind: "declined", failure: { code: foreign(answer.code), message: answer.message } };
    case "pending":
      return { kind: "unknown", reason: "the processor does not know yet" };
  }
}

/** A processor cannot speak for our fraud rules: their code means that it was never asked. */
function foreign(code: string): string {
  return UNCHARGED_CODES.includes(code) ? `processor_${code}` : code;
}
