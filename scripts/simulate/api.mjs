// Requests to the API: one attempt, or as many as it takes until there is an answer. What is asked
// and what the answers mean is others' affair.
import { setTimeout as sleep } from "node:timers/promises";
import { Late, within } from "./within.mjs";

/** An attempt that takes longer is given up and made again. The API itself waits ten seconds at most. */
const ATTEMPT_LIMIT_MS = 30_000;
/** A killed server is back in ten seconds; a client that has waited for two minutes has been lost. */
const INSIST_LIMIT_MS = 120_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const TOO_MANY_REQUESTS = 429;
const PROBLEMS = { [TOO_MANY_REQUESTS]: "limited", 500: "faulted" };

function pauseMs(tries, answer) {
  const asked_s = Number(answer?.headers.get("retry-after"));
  if (asked_s > 0) return asked_s * 1_000;
  return Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
}

/** Whether asking again would not help. */
export const isFinal = ({ status }) => status < 500 && status !== TOO_MANY_REQUESTS;

/** Nobody answered, for as long as anybody would wait. */
export class Unanswered extends Error {}

function requestOf(token, method, { body, key }) {
  return {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(key !== undefined && { "idempotency-key": key }),
    },
    ...(body !== undefined && { body }),
  };
}

function happeningOf(answer) {
  return isFinal(answer) ? "answered" : (PROBLEMS[answer.status] ?? "unavailable");
}

/**
 * `address()` is where the API is at the moment. `seen(happening)` is told of each attempt how it went:
 * `answered`, `hung_up` by us, `cut` by the network, `too_late`, `faulted` (500), `unavailable` (503 and its
 * like), `limited` (429).
 */
export function openApi({ address, token, seen = () => {} }) {
  /** One attempt: the answer, or undefined when there is none. */
  async function attempt(method, path, given = {}) {
    const { hangs_up_after_ms } = given;
    try {
      const answer = await within(hangs_up_after_ms ?? ATTEMPT_LIMIT_MS, async (signal) => {
        const request = { ...requestOf(token, method, given), signal };
        const response = await fetch(address() + path, request);
        const { status, headers } = response;
        return { status, headers, text: await response.text() };
      });
      seen(happeningOf(answer));
      return answer;
    } catch (error) {
      const late = hangs_up_after_ms === undefined ? "too_late" : "hung_up";
      seen(error instanceof Late ? late : "cut");
      return undefined;
    }
  }

  /** Asks again, with the same key, until somebody answers for good. @throws Unanswered */
  async function insist(method, path, given = {}) {
    const deadline = Date.now() + INSIST_LIMIT_MS;
    for (let tries = 1; Date.now() < deadline; tries++) {
      const answer = await attempt(method, path, given);
      if (answer && isFinal(answer)) return answer;
      await sleep(pauseMs(tries, answer));
    }
    throw new Unanswered(`${method} ${path.replace(/\?.*/, "")} was not answered for good`);
  }

  return { attempt, insist, ...readerOf(insist) };
}

/** What is asked when only a good answer will do. */
function readerOf(insist) {
  /** The JSON of an answer that must be 2xx. */
  async function must(method, path, body) {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await insist(method, path, given);
    if (answer.status >= 200 && answer.status <= 299) return JSON.parse(answer.text);
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  }

  /** All entries of a list, page by page. `next_cursor` of the feed is given on its last page too. */
  async function pages(path, pages_max) {
    const found = [];
    let cursor = null;
    for (let page = 0; page < pages_max; page++) {
      const at = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const { data, has_more, next_cursor } = await must("GET", `${path}?limit=100${at}`);
      found.push(...data);
      if (!has_more) return found;
      cursor = next_cursor;
    }
    throw new Error(`GET ${path} has more than ${pages_max} pages`);
  }

  return { must, pages };
}
