/** Faults that a system could have in captures, voids and refunds, in batches, and in what its processor was asked for. */
import type { Order } from "../../../simulate/plan/orders";
import type { Answer, OrderRecord, Transaction, World } from "../../../simulate/world";
import type { Fault } from "./faults-inside";
import {
  answerOf,
  at,
  changeEverywhere,
  changeRefund,
  endpointOf,
  logOf,
  merchantOf,
  operatedOf,
  recordOf,
  sampleOf,
} from "./look";

const REFUNDED = "refund.succeeded";
const CAPTURED = "transaction.captured";

/** The answers to a call of a record. */
const answersTo = ({ answers }: OrderRecord, call: string): Answer[] =>
  answers.filter((answer) => answer.call === call);

/** A record of an order with a refund that was answered so. */
const refundedBy = (world: World, isLike: (answer: Answer) => boolean): OrderRecord =>
  recordOf(world, (_, { answers }) =>
    answers.some((answer) => answer.call === "refund_1" && isLike(answer)),
  );

/** The refunds of a transaction that ended with one. */
const refundsIn = (world: World) => {
  const { transaction_id } = at(logOf(world, REFUNDED), -1);
  return merchantOf(world).refunds.get(transaction_id) ?? [];
};

const exactOf = (world: World, { id }: OrderRecord): Transaction => {
  const exact = merchantOf(world).exact.get(id ?? "");
  if (!exact) throw new Error(`there is no ${id}`);
  return exact;
};

const isHeld = ({ body }: Order) => body.capture_method === "manual";

/** An order of which a cancel was answered like this, and which had been captured. */
const captured = (world: World): OrderRecord =>
  recordOf(
    world,
    (order, record) => isHeld(order) && exactOf(world, record).status === "completed",
  );

const inRefunds: Fault[] = [
  [
    "a refund that is gone",
    "refund-1 was acknowledged and is gone",
    (world) => refundsIn(world).splice(0),
  ],
  [
    "a refund that was refused and is there",
    /refund-\d is there and was refused/,
    (world) => {
      const { answers } = refundedBy(world, ({ refund }) => refund !== undefined);
      for (const answer of answers.filter(({ refund }) => refund)) {
        Object.assign(answer, { status: 409, code: "refund_exceeds_remaining", refund: undefined });
      }
    },
  ],
  [
    "a refund that was refused although there was enough left",
    /refund-\d was refused although there was enough left/,
    (world) => {
      const record = recordOf(world, (_, { answers }) =>
        answers.some(({ code }) => code === "refund_exceeds_remaining"),
      );
      exactOf(world, record).amount_captured_minor *= 10;
    },
  ],
  [
    "a refund of another amount than was asked for",
    /refund-\d has another amount_minor than was asked for/,
    (world) => changeRefund(world, (seen) => Object.assign(seen, { amount_minor: 1 })),
  ],
  [
    "refunds of more than was captured",
    /refund-\d is of \d+ when \d+ was left/,
    (world) =>
      changeRefund(world, (seen) => Object.assign(seen, { amount_minor: 1_000_000_000_000 })),
  ],
  [
    "a refund with another outcome than the processor's",
    /refund-\d has another status than was asked for/,
    (world) => changeRefund(world, (seen) => Object.assign(seen, { status: "failed" })),
  ],
  [
    "two requests of one refund that were both the first",
    /refund-1 was answered as the first twice/,
    (world) => {
      const record = refundedBy(world, ({ replayed }) => replayed === true);
      for (const answer of answersTo(record, "refund_1")) answer.replayed = false;
    },
  ],
  [
    "a repeated refund that was answered as another one",
    /refund-1 was answered as another one/,
    (world) => {
      const record = refundedBy(world, ({ replayed }) => replayed === true);
      const { refund } = at(answersTo(record, "refund_1"), -1);
      if (refund) refund.id = "re_other";
    },
  ],
  [
    "a refund that no one asked for",
    "no one asked for re_other",
    (world) => {
      const refunds = refundsIn(world);
      refunds.push({ ...at(refunds, 0), id: "re_other", idempotency_key: "other" });
    },
  ],
  [
    "a refund that is not the same by its id",
    /re_\S+ is not the same by its id/,
    (world) => merchantOf(world).exact_refunds.clear(),
  ],
  [
    "a list of refunds without one",
    /re_\S+ is not the same in the list/,
    (world) => merchantOf(world).refund_list.pop(),
  ],
  [
    "a list of refunds that has one twice",
    "the list of refunds has one twice",
    (world) => merchantOf(world).refund_list.unshift(at(merchantOf(world).refund_list, 0)),
  ],
  [
    "a list of refunds that is not sorted",
    "the list of refunds is not sorted",
    (world) => merchantOf(world).refund_list.reverse(),
  ],
  [
    "a reader who is not shown an acknowledged refund",
    "refunds after 9 were acknowledged",
    (world) => Object.assign(answerOf(world, "refunds"), { refunds_floor: 9 }),
  ],
  [
    "a log in which a refund ends twice",
    /the refund re_\S+ may not become refund.created refund.succeeded refund.succeeded/,
    (world) => {
      const log = logOf(world, REFUNDED);
      log.push(at(log, -1));
    },
  ],
  [
    "a transaction that does not know its refunds",
    "the last event is not the transaction",
    (world) =>
      changeEverywhere(
        world,
        (seen) => Object.assign(seen, { amount_refunded_minor: 0 }),
        REFUNDED,
      ),
  ],
  [
    "a refund of a completed payment that was refused for its status",
    /a refund_1 was refused after version 3, which allows it/,
    (world) => {
      const { answers } = refundedBy(world, ({ floor, refund }) => floor === 3 && !!refund);
      const answer = answers.find(({ call }) => call === "refund_1");
      Object.assign(answer ?? {}, { status: 409, code: "illegal_transition", refund: undefined });
    },
  ],
  [
    "a reused key of a refund that was refused for another field",
    "a refund_reuse was refused for #/reason and not for #/amount",
    (world) => Object.assign(answerOf(world, "refund_reuse"), { pointers: ["#/reason"] }),
  ],
];

const inHolds: Fault[] = [
  [
    "a capture and a cancel that both won",
    "a capture and a cancel were both answered as done",
    (world) => {
      const { answers } = captured(world);
      const answer = at(answers, -1);
      const transaction = { ...answer.transaction, status: "cancelled" } as Transaction;
      answers.push({ ...answer, call: "cancel", status: 200, code: null, transaction });
    },
  ],
  [
    "a payment that was captured with two amounts",
    "it was captured with two amounts",
    (world) => {
      const { answers } = captured(world);
      const done = answers.find(({ transaction }) => transaction?.status === "completed");
      if (!done) throw new Error("nothing was captured");
      answers.push({ ...done, call: "capture" }, { ...done, call: "capture_part" });
    },
  ],
  [
    "a capture of another amount than was asked for",
    /it is completed with 1 captured and not completed with \d+ captured/,
    (world) =>
      changeEverywhere(
        world,
        (seen) => Object.assign(seen, { amount_captured_minor: 1 }),
        CAPTURED,
      ),
  ],
  [
    "an authorized payment whose amount cannot be captured",
    /at version \d 0 can be captured and not \d+/,
    (world) => {
      const log = logOf(world, CAPTURED);
      const authorized = log.find(({ type }) => type === "transaction.authorized");
      Object.assign(authorized?.data ?? {}, { amount_capturable_minor: 0 });
    },
  ],
  [
    "an authorization that expires too early",
    /it expired before \d{4}-/,
    (world) => {
      const log = logOf(world, "transaction.capture_expired");
      at(log, -2).created_at = "1969-12-31T00:00:00.000Z";
    },
  ],
  [
    "a claim that becomes what it does not claim",
    "its capture became transaction.voided",
    (world) => Object.assign(at(logOf(world, CAPTURED), -1), { type: "transaction.voided" }),
  ],
  [
    "a capture that was refused although the payment was authorized",
    /a capture was refused after version 3, which allows it/,
    (world) => {
      const { answers } = captured(world);
      const answer: Answer = { ...at(answers, -1), call: "capture", floor: 3 };
      const refused = { status: 409, code: "illegal_transition", at_ms: 0, transaction: undefined };
      answers.push(Object.assign(answer, refused));
    },
  ],
  [
    "a capture of more than is authorized that was let pass",
    "a capture_over was answered 200",
    (world) => Object.assign(answerOf(world, "capture_over"), { status: 200, code: null }),
  ],
  [
    "a payment at once that was answered as the first twice",
    /[2-9] creates were answered as the first/,
    (world) => {
      const { answers } = recordOf(world, ({ story }) => story === "paid_twice");
      for (const answer of answers) answer.replayed = false;
    },
  ],
  [
    "a faulty item that a batch has let pass",
    "a faulty_item was answered 201",
    (world) => Object.assign(answerOf(world, "faulty_item"), { status: 201, code: null }),
  ],
  [
    "a batch that refuses an item for another place",
    /a faulty_item was refused for #\/amount and not for #\/items\/\d+\/amount/,
    (world) => Object.assign(answerOf(world, "faulty_item"), { pointers: ["#/amount"] }),
  ],
];

const atProcessor: Fault[] = [
  [
    "a charge that was never made",
    /processor: the charge txn_\S+ was never made/,
    (world) => world.processor.operations.delete(operatedOf(world, "charge").key),
  ],
  [
    "a capture under a second key",
    /processor: no one claimed the capture other_key/,
    (world) => {
      const made = operatedOf(world, "capture");
      world.processor.operations.set("other_key", { ...made, key: "other_key" });
    },
  ],
  [
    "a payment that was charged twice",
    /processor: txn_\S+ was charged twice/,
    (world) => {
      const made = operatedOf(world, "charge");
      world.processor.operations.set("other_key", { ...made, key: "other_key" });
    },
  ],
  [
    "a payment that was captured and voided",
    /processor: txn_\S+ was captured or voided twice/,
    (world) => {
      const made = operatedOf(world, "capture");
      const key = "other_key";
      world.processor.operations.set(key, { ...made, key, operation: "void" });
    },
  ],
  [
    "a refund of another amount at the processor",
    /the refund re_\S+ has the amount_minor 1 and not \d+/,
    (world) => Object.assign(operatedOf(world, "refund"), { amount_minor: 1 }),
  ],
  [
    "more refunds at the processor than it took",
    /processor: txn_\S+ was refunded too much/,
    (world) => Object.assign(operatedOf(world, "refund"), { amount_minor: 1_000_000_000_000 }),
  ],
  [
    "a declined charge that is completed",
    /the charge txn_\S+ has the code card_declined and not null/,
    (world) => Object.assign(operatedOf(world, "charge"), { code: "card_declined" }),
  ],
  [
    "an unclear answer that was neither logged nor counted",
    /payments_charges_total\{charge unknown\} is \d+, not \d+/,
    (world) => {
      const { unclear } = world;
      const labels = { operation: "charge", outcome: "unknown" };
      sampleOf(world, "payments_charges_total", labels).value--;
      unclear.set("charge", (unclear.get("charge") ?? 0) - 1);
    },
  ],
  [
    "a request that the processor does not understand",
    "processor: txn_1 came with another request",
    (world) => world.processor.complaints.push("txn_1 came with another request"),
  ],
];

const inSums: Fault[] = [
  [
    "money that the processor has and no transaction",
    /money: mer_0 processor: captured [A-Z]{3} is/,
    (world) => operatedOf(world, "charge").amount_minor++,
  ],
  [
    "money that the webhooks tell otherwise",
    /money: mer_0 webhooks: captured [A-Z]{3} is/,
    (world) => {
      const { id } = at(logOf(world, CAPTURED), -1);
      const [arrival] = endpointOf(world, "fine").log.get(id) ?? [];
      if (!arrival) throw new Error(`${id} did not arrive`);
      arrival.text = arrival.text.replace(/(amount_captured_minor":)/, "$11");
    },
  ],
  [
    "money that the stream does not have",
    /money: mer_0 stream: refunded [A-Z]{3} is/,
    (world) => {
      const { id } = at(logOf(world, REFUNDED), -1);
      const { records } = world.kafka;
      world.kafka.records = records.filter(({ value }) => !value.toString().includes(`"${id}"`));
    },
  ],
  [
    "money that the list tells otherwise",
    /money: mer_0 lists: captured [A-Z]{3} is/,
    (world) => {
      const { transaction_id } = at(logOf(world), -1);
      const listed = merchantOf(world).list.find(({ id }) => id === transaction_id);
      if (listed) listed.amount_captured_minor++;
    },
  ],
  [
    "money that was answered and is not there",
    /money: mer_0 answers: captured [A-Z]{3} is/,
    (world) => {
      const { answers } = captured(world);
      for (const { transaction } of answers)
        if (transaction) transaction.amount_captured_minor *= 2;
    },
  ],
  ...["completed", "refunded"].map(
    (what): Fault => [
      `a total of what was ${what} that is one too many`,
      /money: metrics: (captured|refunded) USD is/,
      (world) =>
        sampleOf(world, `payments_${what}_amount_minor_total`, { currency: "USD" }).value++,
    ],
  ),
];

export const FAULTS_IN_MONEY: Fault[] = [...inRefunds, ...inHolds, ...atProcessor, ...inSums];
