/** The length of the merchant's review queue, its oldest payment and its next expiry. */

import { readOwnBook } from "../../api/books/own-book";
import type { AppContext } from "../../api/context";
import { DatabaseUnavailable } from "../../d1/query";
import { countReviews, MAX_COUNTED_REVIEWS } from "../../d1/review-queries";
import type { ApiClient } from "../http/api-client";
import { PageProblem } from "../http/page-problem";
import { type BookPage, type Payment, TRANSACTIONS } from "../payments/bodies";
import { expiryText } from "../reviews/words";
import { durationText } from "../view/duration";
import { countText } from "./number-text";

const REVIEWS = "/console/reviews";
/** The most that a list returns. */
const MAX_READ = 100;

export type ReviewQueue = {
  count: number;
  /** The oldest ones, at most `MAX_READ`. */
  oldest: Payment[];
  stale_since: string | null;
};

/** Brings D1 up to date first, so what is read from it afterwards has every payment that was answered before.
 *  @returns undefined if D1 does not respond @throws PageProblem */
export async function readReviewQueue(
  c: AppContext,
  api: ApiClient,
  merchantId: string,
): Promise<ReviewQueue | undefined> {
  const reply = await api.call<BookPage<Payment>>("GET", TRANSACTIONS, {
    query: { status: "review", order: "asc", limit: MAX_READ },
  });
  if (!reply.ok && reply.status !== 503) throw new PageProblem(reply.problem);
  if (!reply.ok) return undefined;
  const { data, has_more, stale_since } = reply.body;
  // A list can be older than the last decision.
  const oldest = data.filter(({ status }) => status === "review");
  if (!has_more) return { count: oldest.length, oldest, stale_since };
  try {
    const count = await readOwnBook(c, (db) => countReviews(db, merchantId));
    return { count, oldest, stale_since };
  } catch (fault) {
    if (fault instanceof DatabaseUnavailable) return undefined;
    throw fault;
  }
}

export function ReviewCard({ queue, nowMs }: { queue: ReviewQueue | undefined; nowMs: number }) {
  return (
    <section class="card" aria-labelledby="review-queue">
      <div class="chart-head">
        <h2 id="review-queue">Reviews</h2>
        <a href={REVIEWS}>Open the queue</a>
      </div>
      {queue ? (
        <Queue queue={queue} nowMs={nowMs} />
      ) : (
        <p class="muted">The queue cannot be read at the moment. What is held stays held.</p>
      )}
    </section>
  );
}

function Queue({ queue: { count, oldest }, nowMs }: { queue: ReviewQueue; nowMs: number }) {
  const [first] = oldest;
  if (!first) return <p class="muted">No payment is held.</p>;
  const next = oldest.reduce((soonest, one) => (expiry(one) < expiry(soonest) ? one : soonest));
  const isMany = count >= MAX_COUNTED_REVIEWS;
  return (
    <dl class="facts">
      <dt>Held</dt>
      <dd>
        {isMany ? "more than " : ""}
        {countText(isMany ? MAX_COUNTED_REVIEWS - 1 : count)}
      </dd>
      <dt>The oldest</dt>
      <dd>held for {durationText(nowMs - Date.parse(first.created_at))}</dd>
      {next.review ? (
        <>
          <dt>Next expiry</dt>
          <dd>
            {expiryText(next.review, nowMs)}
            {count > oldest.length ? `, of the oldest ${oldest.length}` : ""}
          </dd>
        </>
      ) : null}
    </dl>
  );
}

const expiry = ({ review }: Payment): string => review?.expires_at ?? "9999";
