/** The calls that came in one RPC, executed as if each had come alone. */
import type { CreateCommand } from "../domain/transaction/decisions/decide-create";
import type { Precondition } from "../domain/transaction/decisions/precondition";
import type { Address, AddressedCall, CallResult, Outcome, Reply, SendResults } from "./rpc";

/** Replies within this time of another are sent with it. */
const GROUP_MS = 1;

type Owner = {
  find(address: Address): Reply | Promise<Reply>;
  process(address: Address, precondition?: Precondition): Promise<Reply>;
  create(address: Address, command: CreateCommand, process?: boolean): Promise<Reply>;
};

export function executeCall(owner: Owner, call: AddressedCall): Reply | Promise<Reply> {
  switch (call.kind) {
    case "find":
      return owner.find(call.address);
    case "process":
      return owner.process(call.address, { expected_versions: call.expected_versions });
    case "create":
      return owner.create(call.address, call.command, call.process);
  }
}

/** Executes calls concurrently.
 *  @param send receives every group of replies but the last; a group that it cannot send is lost
 *  @returns the last group. Calls of one batch have their replies at the same time, so it is mostly the only one. */
export async function executeBatch(
  owner: Owner,
  calls: AddressedCall[],
  send: SendResults,
): Promise<CallResult[]> {
  const sent: Promise<void>[] = [];
  let group: CallResult[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  const sendGroup = () => {
    sent.push(send(group).catch(() => {}));
    group = [];
    timer = null;
  };
  const executed = calls.map(async (call, at) => {
    const outcome = await executeSafely(owner, call);
    group.push({ at, ...outcome });
    timer ??= setTimeout(sendGroup, GROUP_MS);
  });
  await Promise.all(executed);
  clearTimeout(timer);
  await Promise.all(sent);
  return group;
}

async function executeSafely(owner: Owner, call: AddressedCall): Promise<Outcome> {
  try {
    return { reply: await executeCall(owner, call) };
  } catch (fault) {
    return { fault };
  }
}
