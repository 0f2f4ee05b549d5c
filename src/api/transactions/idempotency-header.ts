/** The header fields that carry an idempotency key. */
import { z } from "@hono/zod-openapi";
import { parseIdempotencyKey } from "../../domain/transaction/idempotency";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";

const IdempotencyKey = z.string().openapi({
  description:
    '1 to 255 visible ASCII characters, bare or as an RFC 9651 string, whose parameters are ignored: `abc`, `"abc"` and `"abc";x=1` are the same key. The header `X-Idempotency-Key` is accepted too.',
  example: "order-1001",
});

const NAMES = ["Idempotency-Key", "X-Idempotency-Key"] as const;

/** @returns the key of either header; undefined if both are absent. @throws Problem if one is invalid, or they differ */
function parseIdempotencyHeaders(c: AppContext): string | undefined {
  const sent = NAMES.flatMap((header) => {
    const field = c.req.header(header);
    return field === undefined ? [] : [{ header, ...parseIdempotencyKey(field) }];
  });
  const [first] = sent;
  if (!first) return undefined;
  const wrong = sent.flatMap((one) => (one.ok ? [] : [one]));
  if (!first.ok || wrong.length > 0) throw invalidKey(wrong);
  if (sent.some((other) => other.ok && other.key !== first.key)) {
    throw invalidKey(
      sent.map(({ header }) => ({ header, message: "differs from the other header" })),
      "Idempotency-Key and X-Idempotency-Key have different values.",
    );
  }
  return first.key;
}

/** The header fields as a route declares them: a handler receives the key. */
export const idempotencyHeaders = {
  documentedAs: z.object({ "Idempotency-Key": IdempotencyKey }),
  parsedBy: (c: AppContext) => ({ idempotencyKey: requireIdempotencyKey(c) }),
};

/** The same where a request may do without a key. */
export const optionalIdempotencyHeaders = {
  documentedAs: z.object({ "Idempotency-Key": IdempotencyKey.optional() }),
  parsedBy: (c: AppContext) => ({ idempotencyKey: parseIdempotencyHeaders(c) }),
};

function requireIdempotencyKey(c: AppContext): string {
  const key = parseIdempotencyHeaders(c);
  if (key !== undefined) return key;
  throw new Problem("idempotency_key_missing", {
    detail: "Send an Idempotency-Key header that is unique to this payment.",
    errors: [{ header: NAMES[0], message: "is required" }],
  });
}

function invalidKey(
  faults: { header: string; message: string }[],
  detail = `${faults.map(({ header, message }) => `${header} ${message}`).join("; ")}.`,
): Problem {
  const errors = faults.map(({ header, message }) => ({ header, message }));
  return new Problem("idempotency_key_invalid", { detail, errors });
}
