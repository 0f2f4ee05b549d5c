/** Ends an object that could not finish a write. */
import { describeFault, type Log } from "../observability/log";

/** Ends the object. The platform drops what was written since the last `await`, and the next call starts a new object,
 *  which reads its tables. Callers receive a fault that says that the object was reset, and repeat the call. */
export function abortObject(state: DurableObjectState, log: Log, fault: unknown): never {
  log("error", "object.reset", { fault: describeFault(fault) });
  state.abort("what was begun could not be written");
  throw fault; // Not reached: an aborted object runs no further.
}
