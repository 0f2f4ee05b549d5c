// Requests to the API: one attempt, or as many as it takes until there is an answer. What is asked
// and what the answers mean is others' affair.
import { setTimeout as sleep } from "node:timers/promises";
import { Late, within } from "../within.ts";

/** An attempt that takes longer is given up and made again. The API itself waits ten seconds at most. */
const ATTEMPT_LIMIT_MS = 30_000;
/** A killed server is back in ten seconds; a client that has waited for two minutes has been lost. */
const INSIST_LIMIT_MS = 120_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const TOO_MANY_REQUESTS = 429;
const PROBLEMS: Record<number, AttemptEnd> = { [TOO_MANY_REQUESTS]: "limited", 500: "faulted" };

/** How an attempt ended: answered, ended by us (`hung_up`) or by the network (`cut`), given up as `too_late`, or
 *  answered 500 (`faulted`), 503 and its like (`unavailable`), or 429 (`limited`). */
export type AttemptEnd =
  | "answered"
  | "hung_up"
  | "cut"
  | "too_late"
  | "faulted"
  | "unavailable"
  | "limited";
export type Attempts = Record<AttemptEnd, number>;

export type ApiAnswer = { status: number; headers: Headers; text: string };
export type Given = { body?: string; key?: string; hangs_up_after_ms?: number };
type Request = (method: string, path: string, given?: Given) => Promise<ApiAnswer>;

export type Api = {
  /** One attempt: the answer, or undefined when there is none. */
  attempt(method: string, path: string, given?: Given): Promise<ApiAnswer | undefined>;
  /** Retries with the same key until there is a final answer. @throws Unanswered */
  insist: Request;
  /** The JSON of an answer that must be 2xx. */
  must<Answer>(method: string, path: string, body?: object): Promise<Answer>;
  /** All entries of a list, page by page. */
  pages<Entry>(path: string, pages_max: number): Promise<Entry[]>;
};

type Options = { address(): string; token: string; seen?: (end: AttemptEnd) => void };

export const noAttempts = (): Attempts => ({
  answered: 0,
  hung_up: 0,
  cut: 0,
  too_late: 0,
  faulted: 0,
  unavailable: 0,
  limited: 0,
});

function pauseMs(tries: number, answer: ApiAnswer | undefined): number {
  const asked_s = Number(answer?.headers.get("retry-after"));
  if (asked_s > 0) return asked_s * 1_000;
  return Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
}

/** Whether a retry would not help. */
export const isFinal = ({ status }: { status: number }) =>
  status < 500 && status !== TOO_MANY_REQUESTS;

/** No final answer arrived within the time limit. */
export class Unanswered extends Error {}

function requestOf(token: string, method: string, { body, key }: Given) {
  return {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(body === undefined ? {} : { body }),
  };
}

function endOf(answer: ApiAnswer): AttemptEnd {
  return isFinal(answer) ? "answered" : (PROBLEMS[answer.status] ?? "unavailable");
}

/** `address()` is where the API is at the moment; `seen(end)` gets how each attempt ended. */
export function openApi({ address, token, seen = () => {} }: Options): Api {
  const attempt: Api["attempt"] = async (method, path, given = {}) => {
    const { hangs_up_after_ms } = given;
    try {
      const answer = await within(hangs_up_after_ms ?? ATTEMPT_LIMIT_MS, async (signal) => {
        const request = { ...requestOf(token, method, given), signal };
        const response = await fetch(address() + path, request);
        const { status, headers } = response;
        return { status, headers, text: await response.text() };
      });
      seen(endOf(answer));
      return answer;
    } catch (error) {
      const late = hangs_up_after_ms === undefined ? "too_late" : "hung_up";
      seen(error instanceof Late ? late : "cut");
      return undefined;
    }
  };

  const insist: Request = async (method, path, given = {}) => {
    const deadline = Date.now() + INSIST_LIMIT_MS;
    for (let tries = 1; Date.now() < deadline; tries++) {
      const answer = await attempt(method, path, given);
      if (answer && isFinal(answer)) return answer;
      await sleep(pauseMs(tries, answer));
    }
    throw new Unanswered(`${method} ${path.replace(/\?.*/, "")} was not answered for good`);
  };

  return { attempt, insist, ...readerOf(insist) };
}

/** What is asked when only a good answer will do. */
function readerOf(insist: Request): Pick<Api, "must" | "pages"> {
  async function must<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await insist(method, path, given);
    if (answer.status >= 200 && answer.status <= 299) return JSON.parse(answer.text) as Answer;
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  }

  async function pages<Entry>(path: string, pages_max: number): Promise<Entry[]> {
    type Page = { data: Entry[]; has_more: boolean; next_cursor: string | null };
    const found: Entry[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < pages_max; page++) {
      const at = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const next: Page = await must("GET", `${path}?limit=100${at}`);
      found.push(...next.data);
      // The feed gives a cursor on its last page too.
      if (!next.has_more) return found;
      cursor = next.next_cursor;
    }
    throw new Error(`GET ${path} has more than ${pages_max} pages`);
  }

  return { must, pages };
}
