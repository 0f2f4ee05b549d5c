/** Calls to Durable Objects: one type for their stubs, and one policy for repeating a call. */
import { TimeoutError, withTimeout } from "./with-timeout";

/** An object's methods as its callers see them: each returns a promise. The platform's own type for a stub takes
 *  unions and records apart; at run time they arrive as they were sent. */
export type ObjectStub<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...given: infer Given) => infer Result
    ? (...given: Given) => Promise<Awaited<Result>>
    : never;
};

/** A namespace of objects with these methods, as a binding. */
export type ObjectNamespace<Methods> = DurableObjectNamespace<Methods & Rpc.DurableObjectBranded>;

/** The stub of an object by its name. A stub is cheap; one that has failed is not used again. */
export function objectStub<Methods>(
  namespace: ObjectNamespace<Methods>,
  name: string,
): ObjectStub<Methods> {
  return namespace.getByName(name) as unknown as ObjectStub<Methods>;
}

export type CallOptions = {
  /** Rejects with a `TimeoutError` after so many ms. The call itself goes on. */
  limit_ms?: number;
  /** Whether a call that timed out is made once more: only where the method is idempotent. */
  repeats_timeouts?: boolean;
};

/** Calls an object, and once more on a new stub when the platform says that the object was moved, restarted or cut
 *  off. An overloaded object is not called again at once: that would add to its load. A fault that the method
 *  itself threw is not repeated.
 *  The runtime repeats no call that has reached its object (docs/architecture.md, "Calls to objects").
 *  Source: https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 *  @throws TimeoutError, or the fault of the last call */
export async function callObject<Methods, Value>(
  namespace: ObjectNamespace<Methods>,
  name: string,
  call: (object: ObjectStub<Methods>) => Promise<Value>,
  { limit_ms, repeats_timeouts = false }: CallOptions = {},
): Promise<Value> {
  const attempt = (): Promise<Value> => {
    const called = call(objectStub(namespace, name));
    return limit_ms === undefined ? called : withTimeout(limit_ms, called);
  };
  try {
    return await attempt();
  } catch (fault) {
    const isTimeout = fault instanceof TimeoutError;
    if (isTimeout ? !repeats_timeouts : !isRetryable(fault)) throw fault;
    return await attempt();
  }
}

type PlatformFault = { retryable?: boolean; durableObjectReset?: boolean; overloaded?: boolean };

/** Whether the platform says that a call failed because the object was moved, restarted or cut off. */
function isRetryable(fault: unknown): boolean {
  const { retryable, durableObjectReset } = (fault ?? {}) as PlatformFault;
  return (retryable === true || durableObjectReset === true) && !isOverloaded(fault);
}

/** Whether the platform says that an object has more to do than it can. */
export function isOverloaded(fault: unknown): boolean {
  return ((fault ?? {}) as PlatformFault).overloaded === true;
}
