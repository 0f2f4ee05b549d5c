/** The pace of a shard: what arrives while one round is under way forms the next one.
 *
 *  Idle, a round holds one command and waits for nobody. Busy, the price of a round is shared by all its
 *  commands. Knows nothing of what a command is. */

/** Bounds a round's memory and how long its last command waits for its first. */
const MAX_ROUND_COMMANDS = 256;

/** The shortest wait there is. */
const TICK_MS = 1;

/** How long a shard waits for company between two rounds, in ticks. A wait ends after `quiet_ticks` in
 *  which nobody came, and never lasts longer than `most_ticks`. */
export type Pace = { from_commands: number; quiet_ticks: number; most_ticks: number };

/** For rounds that cost a hop and a write of the book: after a round of many, its callers are about to
 *  come back, and without a wait the first of them would get a round of its own that all others wait for. */
export const PATIENT: Pace = { from_commands: 2, quiet_ticks: 2, most_ticks: 16 };
/** For rounds that cost a commit and no more. */
export const PROMPT: Pace = { from_commands: 1, quiet_ticks: 1, most_ticks: 1 };

export type Settled<Answer> = { ok: true; answer: Answer } | { ok: false; fault: unknown };

type Waiting<Command, Answer> = {
  command: Command;
  resolve: (answer: Answer) => void;
  reject: (fault: unknown) => void;
};

/** What a round gives back: an answer for each command, and when the next round may start. */
export type Round<Answer> = { settled: Settled<Answer>[]; next: Promise<unknown> };

export class Rounds<Command, Answer> {
  readonly #play: (commands: Command[]) => Promise<Round<Answer>>;
  readonly #pace: Pace;
  #waiting: Waiting<Command, Answer>[] = [];
  #running = false;

  /** @param play decides and commits a round; a throw fails all of its commands. */
  constructor(pace: Pace, play: (commands: Command[]) => Promise<Round<Answer>>) {
    this.#pace = pace;
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
      const round = this.#waiting.splice(0, MAX_ROUND_COMMANDS);
      await this.#playOne(round);
      if (round.length >= this.#pace.from_commands) await this.#gather();
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

  async #gather(): Promise<void> {
    let quiet = 0;
    for (let tick = 0; tick < this.#pace.most_ticks; tick++) {
      const before = this.#waiting.length;
      await new Promise<void>((resolve) => setTimeout(resolve, TICK_MS));
      quiet = this.#waiting.length === before ? quiet + 1 : 0;
      if (quiet === this.#pace.quiet_ticks) return;
    }
  }
}
