/** Statuses as numbers, for rows in which a word would take more room. */
import { STATUSES, type Status } from "../status";

/** A number is never given to another status. */
export const STATUS_NUMBERS: Record<Status, number> = {
  pending: 1,
  review: 2,
  processing: 3,
  requires_action: 4,
  authorized: 5,
  completed: 6,
  failed: 7,
  cancelled: 8,
};
const BY_NUMBER = new Map(STATUSES.map((status) => [STATUS_NUMBERS[status], status]));

/** @throws Error for a number that no status has */
export function toStatus(number: number): Status {
  const status = BY_NUMBER.get(number);
  if (status === undefined) throw new Error(`no status has the number ${number}`);
  return status;
}
