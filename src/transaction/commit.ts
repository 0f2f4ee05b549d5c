/** One commit for a whole round, and no command that pays for what another one is. */
import type { Settled } from "./rounds";

/** What a round writes to. Everything written without an `await` between is one commit of the platform's. */
export type Ledger = {
  /** How many writes there have been. */
  writes: () => number;
  /** Ends the object, and with it whatever has been written since the last `await`. Does not return. */
  reset: (fault: unknown) => never;
};

/** Runs all commands, each of which decides before it writes. One that faults while it decides has changed
 *  nothing and is alone in that. After one that faults with its writing half done nobody can say what the
 *  commit would hold: the object is reset, and nothing of the round has happened.
 *  @param finish writes what belongs to the round as a whole */
export function commitRound<Command, Answer>(
  commands: Command[],
  run: (command: Command) => Answer,
  finish: () => void,
  { writes, reset }: Ledger,
): Settled<Answer>[] {
  const settled = commands.map((command): Settled<Answer> => {
    const before = writes();
    try {
      return { ok: true, answer: run(command) };
    } catch (fault) {
      return writes() === before ? { ok: false, fault } : reset(fault);
    }
  });
  try {
    finish();
  } catch (fault) {
    reset(fault);
  }
  return settled;
}
