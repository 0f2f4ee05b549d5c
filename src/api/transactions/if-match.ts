/** The header field `If-Match`: the versions of a transaction that a request may change. */
import { z } from "@hono/zod-openapi";
import type { Precondition } from "../../domain/transaction/decisions/precondition";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";

const NAME = "If-Match";
/** Far more versions than a client expects at once. */
const MAX_TAGS = 100;
/** Entity tags (RFC 9110, section 8.8.3). A weak one counts like the strong one: the API sends none, and a proxy that
 *  compresses a response makes its tag weak. The version in it is what the client has read all the same. */
const TAGS = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;
const EMPTY_TAG = '""';
/** A version as the API writes it. Any other tag is valid and matches none. */
const VERSION_TAG = /^(?:W\/)?"([1-9]\d{0,14})"$/;

const IfMatchHeaders = z.object({
  [NAME]: z.string().optional().openapi({
    description:
      'Changes the transaction only if its version is one of these: `*` for any, or a list of tags, each the `version` in quotes, such as `"3"`. A request that repeats an earlier one, or joins it, gets its response whatever the version is.',
    example: '"3"',
  }),
});

/** The header field as a route declares it: a handler receives the precondition, which is empty without the field. */
export const ifMatchHeaders = {
  documentedAs: IfMatchHeaders,
  parsedBy: (c: AppContext) => ({ precondition: parseIfMatch(c.req.header(NAME)) }),
};

/** @throws Problem if it is neither `*` nor a list of tags */
function parseIfMatch(field: string | undefined): Precondition {
  if (field === undefined || field.trim() === "*") return {};
  const tags = field.match(TAGS) ?? [];
  // Elements of a list may be empty (RFC 9110, section 5.6.1.2).
  const rest = field.replace(TAGS, EMPTY_TAG).split(",");
  const isList = rest.every((element) => ["", EMPTY_TAG].includes(element.trim()));
  if (!isList || tags.length === 0) {
    throw invalid('must be * or a list of tags, each the version in quotes, such as "3"');
  }
  if (tags.length > MAX_TAGS) throw invalid(`must have at most ${MAX_TAGS} tags`);
  return { expected_versions: tags.flatMap((tag) => VERSION_TAG.exec(tag)?.[1] ?? []).map(Number) };
}

function invalid(message: string): Problem {
  return new Problem("invalid_request", {
    detail: `${NAME} ${message}.`,
    errors: [{ header: NAME, message }],
  });
}
