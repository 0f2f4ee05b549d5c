import type { CreateCommand } from "../domain/transaction/decide-create";
import type { Address, AddressedCall, CallResult, Outcome, Reply, SendResults } from "./rpc";

/** What is answered so soon after another is told with it. */
const GROUP_MS = 1;

type Owner = {
  find(address: Address): Reply | Promise<Reply>;
  process(address: Address): Promise<Reply>;
  create(address: Address, command: CreateCommand): Promise<Reply>;
};

export function executeCall(owner: Owner, call: AddressedCall): Reply | Promise<Reply> {
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
export async function executeBatch(
  owner: Owner,
  calls: AddressedCall[],
  tell: SendResults,
): Promise<CallResult[]> {
  const sent: Promise<void>[] = [];
  let group: CallResult[] = [];
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

async function outcomeOf(owner: Owner, call: AddressedCall): Promise<Outcome> {
  try {
    return { reply: await executeCall(owner, call) };
  } catch (fault) {
    return { fault };
  }
}
