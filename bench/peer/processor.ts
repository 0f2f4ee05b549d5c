// The pretend payment processor of the peer, in its process as the sandbox is in the Worker's.

/** `id` is the processor's idempotency key. */
type Charge = { id: string; amount_minor: string; currency: string };

export type Outcome = "completed" | "failed";

/** Settles every charge. A real processor is a network call, so this is asynchronous. */
export async function charge({ id }: Charge): Promise<Outcome> {
  return id === "" ? "failed" : "completed";
}
