/** One commit for a whole round, and no command that pays for what another one is. */
import type { CommandOutcome } from "./batcher";

/** What a round changes. Everything written without an `await` between is one commit of the platform's. */
export type ChangeTracker = {
  /** How many changes there have been, written or not. */
  changes: () => number;
  /** Ends the object, and with it whatever has been written since the last `await`. Does not return. */
  reset: (fault: unknown) => never;
};

/** Runs all commands, each of which decides before it changes anything. One that faults while it decides has changed
 *  nothing and is alone in that. After one that faults with its changes half made nobody can say what the
 *  commit would hold: the object is reset, and nothing of the round has happened.
 *  @param finish writes what the round has changed */
export function commitBatch<Command, Answer>(
  commands: Command[],
  run: (command: Command) => Answer,
  finish: () => void,
  { changes, reset }: ChangeTracker,
): CommandOutcome<Answer>[] {
  const settled = commands.map((command): CommandOutcome<Answer> => {
    const before = changes();
    try {
      return { ok: true, answer: run(command) };
    } catch (fault) {
      return changes() === before ? { ok: false, fault } : reset(fault);
    }
  });
  try {
    finish();
  } catch (fault) {
    reset(fault);
  }
  return settled;
}
