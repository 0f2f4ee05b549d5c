// Waits, for a bounded time, until something holds, until a child process prints something or sends a message. Each
// wait ends with an error that says what the child has printed when the child ends instead.
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child-process.ts";

const POLL_MS = 100;
const LINES_SHOWN = 15;

type Ending = Pick<Child, "isRunning" | "said">;
type Falsy = false | null | undefined | 0 | "";

/** Waits until `ask` gives something truthy; throws when it has not within `limit_ms`, or `child` has ended. */
export async function until<Value>(
  ask: () => Value | Falsy | Promise<Value | Falsy>,
  what: string,
  limit_ms: number,
  child?: Ending,
): Promise<Value> {
  const deadline = Date.now() + limit_ms;
  for (;;) {
    const answer = await Promise.resolve()
      .then(ask)
      .catch(() => null);
    if (answer) return answer;
    const has = child && !child.isRunning() ? "It ended" : null;
    const is = Date.now() > deadline ? `It did not within ${limit_ms / 1000} s` : null;
    if (has || is)
      throw new Error(`Waited in vain until ${what}. ${has ?? is}.${lastLines(child)}`);
    await sleep(POLL_MS);
  }
}

/** Waits until the child has printed what matches `pattern`; gives the match. */
export function untilSaid(child: Child, pattern: RegExp, what: string, limit_ms: number) {
  return until(() => pattern.exec(child.said()), what, limit_ms, child);
}

/** Waits for the child's next message. What is in it is for the two of them to agree on. */
export function nextMessage<Message>(
  child: Child,
  what: string,
  limit_ms: number,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.process.off("message", pass);
      reject(new Error(`Waited in vain until ${what}. ${why}.${lastLines(child)}`));
    };
    const limit = setTimeout(fail, limit_ms, `It did not within ${limit_ms / 1000} s`);
    const pass = (message: unknown) => {
      clearTimeout(limit);
      resolve(message as Message);
    };
    child.process.once("message", pass);
    child.exited.then(() => {
      clearTimeout(limit);
      fail("It ended");
    });
  });
}

function lastLines(child: Ending | undefined): string {
  const said = child?.said().trim() ?? "";
  return said === "" ? "" : `\n${said.split("\n").slice(-LINES_SHOWN).join("\n")}`;
}
