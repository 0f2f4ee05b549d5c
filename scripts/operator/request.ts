// Sends an operator's request, again when the API is busy or does not respond.
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "./deployment.ts";

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const BUSY = [408, 429, 500, 502, 503, 504];

/** Waits between attempts. */
export type Pause = (ms: number) => Promise<unknown>;

type Request = {
  path: string;
  limit_ms: number;
  /** Sent as JSON by POST. */
  body?: object;
};

/** The API refused the request, or did not respond to any attempt; `status` is then 0. */
export class RequestFailed extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The body of the response. The request must be safe to repeat. @throws RequestFailed */
export async function request(
  { url, token }: Deployment,
  { path, limit_ms, body }: Request,
  pause: Pause = sleep,
): Promise<Uint8Array> {
  let last = new RequestFailed(0, `${url} does not respond`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await pause(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS));
    try {
      const response = await fetch(`${url}${path}`, {
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { method: "POST", body: JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.timeout(limit_ms),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok) return bytes;
      const { status } = response;
      last = new RequestFailed(status, `${status} ${readDetail(bytes)}`);
    } catch {
      last = new RequestFailed(0, `${url} does not respond`);
      continue;
    }
    if (!BUSY.includes(last.status)) break;
  }
  throw last;
}

/** The JSON of the response. @throws RequestFailed */
export async function requestJson<Value>(
  deployment: Deployment,
  sent: Request,
  pause?: Pause,
): Promise<Value> {
  const text = new TextDecoder().decode(await request(deployment, sent, pause));
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw new RequestFailed(0, `${deployment.url} does not respond with JSON`);
  }
}

/** The detail of a problem. */
function readDetail(bytes: Uint8Array): string {
  try {
    const { detail } = JSON.parse(new TextDecoder().decode(bytes)) as { detail?: unknown };
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}
