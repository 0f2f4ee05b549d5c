/** What an analyst has entered in the editor, and what the API finds wrong with it. */
import type { z } from "@hono/zod-openapi";
import type { BacktestResult } from "../../../api/risk/backtest-routes";
import type { ApiReply, ProblemBody } from "../../http/api-client";
import type { Visit } from "../../http/define-page";
import type { Form } from "../../http/form";
import { RULES_API, type RuleSetBody, toUtc } from "../parts";
import { type ParsedText, parseRulesText, type TextFault } from "./rules-text";

export type Draft = {
  text: string;
  /** The version that the text was made from. */
  version: string;
  from: string;
  to: string;
  limit: string;
};

export type BacktestBody = z.infer<typeof BacktestResult>;

/** Why a draft was not accepted: places in the text, messages beside the fields of the backtest, or only `detail`. */
export type Refused = {
  status: number;
  code: string;
  detail: string;
  faults: TextFault[];
  fields: Record<string, string>;
};

export const LIMITS = ["100", "500", "1000"];

export function readDraft(form: Form): Draft {
  return {
    text: form.getText("text"),
    version: form.get("over") || form.get("version"),
    from: form.get("from"),
    to: form.get("to"),
    limit: form.get("limit"),
  };
}

type Tried<Body> = { ok: true; body: Body } | { ok: false; refused: Refused };

/** Saves the rules as the next version. */
export function saveDraft({ api }: Visit, draft: Draft): Promise<Tried<RuleSetBody>> {
  return send(draft, (rules) =>
    api.call<RuleSetBody>("PUT", RULES_API, {
      body: { ...rules, version: Number(draft.version) },
    }),
  );
}

/** Tries the rules on stored payments. @param cursor where an earlier backtest ended; empty for the newest payments */
export function backtestDraft({ api }: Visit, draft: Draft, cursor: string) {
  const { from, to, limit } = draft;
  const created_at = { ...(from && { gte: toUtc(from) }), ...(to && { lt: toUtc(to) }) };
  return send(draft, (rules) =>
    api.call<BacktestBody>("POST", "/api/v1/risk/backtest", {
      body: {
        rule_set: rules,
        limit: Number(limit),
        ...(Object.keys(created_at).length > 0 && { created_at }),
        ...(cursor && { cursor }),
      },
    }),
  );
}

async function send<Body>(
  { text }: Draft,
  call: (rules: object) => Promise<ApiReply<Body>>,
): Promise<Tried<Body>> {
  const parsed = parseRulesText(text);
  if (!parsed.ok) {
    const detail = "The text is not valid JSON. Nothing was sent.";
    const { faults } = parsed;
    return { ok: false, refused: { status: 400, code: "", detail, faults, fields: {} } };
  }
  const reply = await call(parsed.value);
  if (reply.ok) return reply;
  return { ok: false, refused: toRefused(reply.problem, parsed) };
}

/** The prefix of the rules in the body of a backtest. */
const IN_BACKTEST = /^#\/rule_set(?=\/|$)/;
const FIELDS: [prefix: string, field: string][] = [
  ["#/created_at/gte", "from"],
  ["#/created_at/lt", "to"],
  ["#/created_at", "from"],
  ["#/limit", "limit"],
];

function toRefused(problem: ProblemBody, { locate }: ParsedText & { ok: true }): Refused {
  const { status, code, detail, errors = [] } = problem;
  const faults: TextFault[] = [];
  const fields: Record<string, string> = {};
  const isBacktest = errors.some(({ pointer = "" }) => IN_BACKTEST.test(pointer));
  for (const { pointer = "#", message } of errors) {
    const field = FIELDS.find(([prefix]) => pointer.startsWith(prefix))?.[1];
    if (field && !isBacktest) fields[field] ??= message;
    else if (code !== "rule_set_version_conflict") {
      faults.push(locate(pointer.replace(IN_BACKTEST, "#"), message));
    }
  }
  return { status, code, detail, faults, fields };
}
