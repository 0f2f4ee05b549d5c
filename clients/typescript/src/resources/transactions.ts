/** Transactions: create, charge, hold and capture, cancel, refund, review, list. */
import type { PaymentEventList } from "../events.js";
import type {
  BatchResults,
  CaptureTransaction,
  CreateRefund,
  CreateTransaction,
  Refund,
  RefundList,
  ReviewTransaction,
  Transaction,
  TransactionBatch,
  TransactionList,
} from "../generated/schemas.js";
import { checkIdempotencyKey, type KeyOptions } from "../idempotency-key.js";
import { Pages } from "../pages.js";
import type { CallOptions, ChangeOptions, Query, Transport } from "../transport.js";
import { type WaitOptions, waitFor } from "../wait.js";

export class Transactions {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Creates a transaction. With `process: true` it is charged in the same request. */
  create(body: CreateTransaction, options: KeyOptions = {}): Promise<Transaction> {
    const idempotencyKey = checkIdempotencyKey(options.idempotencyKey);
    return this.#transport.call("createTransaction", { body, idempotencyKey, options });
  }

  /** Creates up to 100 transactions, each under its own key and with its own result. */
  createBatch(items: TransactionBatch["items"], options?: CallOptions): Promise<BatchResults> {
    return this.#transport.call("createTransactions", { body: { items }, options });
  }

  get(id: string, options?: CallOptions): Promise<Transaction> {
    return this.#transport.call("getTransaction", { path: { id }, options });
  }

  /** The transaction that was created under an idempotency key. */
  getByKey(key: string, options?: CallOptions): Promise<Transaction> {
    return this.#transport.call("getTransactionByIdempotencyKey", { path: { key }, options });
  }

  /** Charges it, or authorizes it with `capture_method: "manual"`. It is charged once, also when this is repeated. */
  process(id: string, options?: ChangeOptions): Promise<Transaction> {
    return this.#transport.call("processTransaction", { path: { id }, options });
  }

  /** Charges an authorized transaction, all or a part. What is not captured is released. */
  capture(
    id: string,
    body: CaptureTransaction = {},
    options?: ChangeOptions,
  ): Promise<Transaction> {
    return this.#transport.call("captureTransaction", { path: { id }, body, options });
  }

  /** Cancels it, or voids what is authorized. */
  cancel(id: string, options?: ChangeOptions): Promise<Transaction> {
    return this.#transport.call("cancelTransaction", { path: { id }, options });
  }

  /** Refunds it, all that is left or a part. */
  refund(
    id: string,
    body: CreateRefund = {},
    options: KeyOptions & ChangeOptions = {},
  ): Promise<Refund> {
    const idempotencyKey = checkIdempotencyKey(options.idempotencyKey);
    return this.#transport.call("createRefund", { path: { id }, body, idempotencyKey, options });
  }

  /** Approves or rejects a transaction in review. */
  review(id: string, body: ReviewTransaction, options?: ChangeOptions): Promise<Transaction> {
    return this.#transport.call("reviewTransaction", { path: { id }, body, options });
  }

  /** Transactions, newest first or, with `order: "asc"`, oldest first. */
  list(
    query: Query<"listTransactions"> = {},
    options?: CallOptions,
  ): Pages<Transaction, TransactionList> {
    return new Pages((cursor = query.cursor) =>
      this.#transport.call("listTransactions", { query: { ...query, cursor }, options }),
    );
  }

  /** All events of a transaction and its refunds, in order. */
  events(id: string, options?: CallOptions): Promise<PaymentEventList> {
    // The `type` of an event decides what its `data` is.
    const page = this.#transport.call("listTransactionEvents", { path: { id }, options });
    return page as Promise<unknown> as Promise<PaymentEventList>;
  }

  /** All refunds of a transaction, newest first. */
  refunds(id: string, options?: CallOptions): Promise<RefundList> {
    return this.#transport.call("listTransactionRefunds", { path: { id }, options });
  }

  /**
   * Waits while the processor has no outcome, that is while the status is `processing`. It returns too when the customer
   * has to act: the status is `requires_action`, and `next_action` says where to send the customer.
   *
   * @param transaction its id, or the transaction as a call returned it
   * @throws OutcomePendingError, with the transaction as it is, when the time is over
   */
  waitUntilFinal(transaction: string | Transaction, options?: WaitOptions): Promise<Transaction> {
    const id = typeof transaction === "string" ? transaction : transaction.id;
    return waitFor(
      {
        known: typeof transaction === "string" ? undefined : transaction,
        get: (callOptions) => this.get(id, callOptions),
        isOver: ({ status }) => status !== "processing",
      },
      options,
    );
  }
}
