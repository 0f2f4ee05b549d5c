/** One commit for a whole round, and no command that pays for another's fault. */
import type { Settled } from "./rounds";

/** Runs all commands in one transaction. If one of them faults, all are taken back and each is run in a
 *  transaction of its own, so that a fault is its own command's and nobody else's.
 *  @param transaction commits what `write` did, or takes all of it back and throws. */
export function commitRound<Command, Answer>(
  commands: Command[],
  run: (command: Command) => Answer,
  transaction: <Value>(write: () => Value) => Value,
): Settled<Answer>[] {
  try {
    return transaction(() => commands.map((command) => ({ ok: true, answer: run(command) })));
  } catch {
    return commands.map((command) => {
      try {
        return { ok: true, answer: transaction(() => run(command)) };
      } catch (fault) {
        return { ok: false, fault };
      }
    });
  }
}
