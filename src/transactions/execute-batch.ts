/** Calls of several requests that come as one. They are told in groups, as they are answered, so that a charge
 *  that takes long keeps nobody else's answer. */
import type { CreateCommand } from "../domain/transaction/transaction";
import type { Address, Reply } from "./rpc";

/** What may be asked together. */
export type Question =
  | { kind: "find" }
  | { kind: "process" }
  | { kind: "create"; command: CreateCommand };

/** What one request asks. */
export type Call = Question & { address: Address };

/** An answer, or the fault that was met instead. */
type Outcome = { reply: Reply } | { fault: unknown };

/** `at` is the call's place among those it came with. */
export type Told = { at: number } & Outcome;

export type Tell = (group: Told[]) => Promise<void>;

/** What is answered so soon after another is told with it. */
const GROUP_MS = 1;

type Owner = {
  find(address: Address): Reply | Promise<Reply>;
  process(address: Address): Promise<Reply>;
  create(address: Address, command: CreateCommand): Promise<Reply>;
};

export function answerCall(owner: Owner, call: Call): Reply | Promise<Reply> {
  switch (call.kind) {
    case "find":
      return owner.find(call.address);
    case "process":
      return owner.process(call.address);
    case "create":
      return owner.create(call.address, call.command);
  }
}

/** Answers each call by itself.
 *  @param tell takes the groups before the last; nobody waits for what it cannot deliver
 *  @returns the last group. Calls that share a round are answered at once, so it mostly is the only one. */
export async function answerTogether(owner: Owner, calls: Call[], tell: Tell): Promise<Told[]> {
  const sent: Promise<void>[] = [];
  let group: Told[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  const send = () => {
    sent.push(tell(group).catch(() => {}));
    group = [];
    timer = null;
  };
  const answers = calls.map(async (call, at) => {
    const outcome = await outcomeOf(owner, call);
    group.push({ at, ...outcome });
    timer ??= setTimeout(send, GROUP_MS);
  });
  await Promise.all(answers);
  clearTimeout(timer);
  await Promise.all(sent);
  return group;
}

async function outcomeOf(owner: Owner, call: Call): Promise<Outcome> {
  try {
    return { reply: await answerCall(owner, call) };
  } catch (fault) {
    return { fault };
  }
}
