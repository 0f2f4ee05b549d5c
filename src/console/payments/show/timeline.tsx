/** Everything that has happened to a payment, newest first, with what each event changed. */
import { Time } from "../../view/time";
import type { PaymentEvent } from "../bodies";
import { Changes } from "./changes";
import { EVENT_NAMES, type ShownEvent, toShownEvents } from "./event-changes";

export function Timeline({ events }: { events: PaymentEvent[] }) {
  return (
    <section class="part" aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <EventList events={toShownEvents(events)} />
    </section>
  );
}

type Props = {
  /** Oldest first. */
  events: ShownEvent[];
  /** The page that has the refunds, if it is another one. */
  refundsAt?: string;
};

export function EventList({ events, refundsAt = "" }: Props) {
  return (
    <ol class="timeline card" reversed>
      {events.toReversed().map((shown) => (
        <li>
          <div class="event">
            <strong>{EVENT_NAMES[shown.event.type]}</strong>
            <Time at={shown.event.created_at} />
          </div>
          <p class="muted event-type">
            <code>{shown.event.type}</code> · event {shown.event.sequence}
          </p>
          <Changes shown={shown} refundsAt={refundsAt} />
        </li>
      ))}
    </ol>
  );
}
