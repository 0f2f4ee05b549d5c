/** The pace of a shard: what arrives while one round is under way forms the next one.
 *
 *  Idle, a round holds one command and waits for nobody. Busy, the price of a round is shared by all its
 *  commands, and by those of callers who are on their way back. Knows nothing of what a command is. */
import type { CommitDelay } from "./commit-delay";

/** Bounds a round's memory and how long its last command waits for its first. */
const MAX_ROUND_COMMANDS = 256;

export type CommandOutcome<Answer> = { ok: true; answer: Answer } | { ok: false; fault: unknown };

type Waiting<Command, Answer> = {
  command: Command;
  resolve: (answer: Answer) => void;
  reject: (fault: unknown) => void;
};

/** What a round gives back: an answer for each command, and when the next round may start. */
export type Round<Answer> = { settled: CommandOutcome<Answer>[]; next: Promise<unknown> };

export class Batcher<Command, Answer> {
  readonly #play: (commands: Command[]) => Promise<Round<Answer>>;
  readonly #company: CommitDelay;
  #waiting: Waiting<Command, Answer>[] = [];
  #running = false;

  /** @param company whom a round waits for before it begins
   *  @param play decides and commits a round; a throw fails all of its commands. */
  constructor(company: CommitDelay, play: (commands: Command[]) => Promise<Round<Answer>>) {
    this.#company = company;
    this.#play = play;
  }

  submit(command: Command): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < MAX_ROUND_COMMANDS) await this.#company.wait();
      await this.#playOne(this.#waiting.splice(0, MAX_ROUND_COMMANDS));
    }
    this.#running = false;
  }

  async #playOne(round: Waiting<Command, Answer>[]): Promise<void> {
    try {
      const { settled, next } = await this.#play(round.map(({ command }) => command));
      round.forEach(({ resolve, reject }, index) => {
        const outcome = settled[index];
        if (outcome?.ok) resolve(outcome.answer);
        else reject(outcome?.fault);
      });
      await next;
    } catch (fault) {
      for (const { reject } of round) reject(fault);
    }
  }
}
