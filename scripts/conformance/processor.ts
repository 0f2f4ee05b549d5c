// A processor under test: its requests as docs/processor.md has them, and what its responses mean. Written independently of
// src/, so that a fault there is not a fault here.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../processes/errors.ts";
import type { Options } from "./options.ts";

export type Operation = "charge" | "authorize" | "capture" | "void" | "refund";

/** The path of each operation, and the word by which it is done. */
const PATHS: Record<Operation, { path: string; done: string }> = {
  charge: { path: "charges", done: "settled" },
  authorize: { path: "authorizations", done: "authorized" },
  capture: { path: "captures", done: "captured" },
  void: { path: "voids", done: "voided" },
  refund: { path: "refunds", done: "refunded" },
};
const BODY_BYTES_MAX = 65_536;
const PENDING_PAUSE_MS = 500;
const ID_BYTES = 16;
const ECHO = ["reference", "payment", "amount_minor", "currency"] as const;

/** An operation to send. `payment` and `processor_reference` are of what it follows. */
export type Wanted = {
  operation: Operation;
  key: string;
  amount_minor: number;
  payment?: string;
  processor_reference?: string | undefined;
  /** More members of the body. */
  body?: object;
};

/** A response, and what it means for an operation. `wrong`: what of it is not as the contract has it. */
export type Reply = {
  kind: "done" | "declined" | "pending" | "not_found" | "unclear";
  status: number;
  text: string;
  members: Record<string, unknown>;
  processor_reference: string | undefined;
  wrong: string[];
};

const id = (prefix: string) => `${prefix}_test${randomBytes(ID_BYTES).toString("hex")}`;

/** A key that no request has had. */
export const newPaymentKey = () => id("txn");
export const newRefundKey = () => id("rfd");

function readMembers(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function wrongIn(members: Record<string, unknown>, sent: Record<string, unknown>): string[] {
  const echoed = ECHO.filter((name) => name in members && members[name] !== sent[name]);
  const { status, code, processor_reference } = members;
  const isCode = code === undefined || (typeof code === "string" && /^.{1,64}$/su.test(code));
  const isReference =
    processor_reference === undefined ||
    processor_reference === null ||
    (typeof processor_reference === "string" && /^.{1,255}$/su.test(processor_reference));
  return [
    ...echoed.map((name) => `the echo of ${name} is another value`),
    ...(status === "declined" && !isCode ? ["code is not a text of 1 to 64 characters"] : []),
    ...(isReference ? [] : ["processor_reference is not a text of 1 to 255 characters"]),
  ];
}

export class Processor {
  readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  /** Sends an operation once. */
  async call(wanted: Wanted): Promise<Reply> {
    const sent = this.bodyOf(wanted);
    const headers = { "idempotency-key": wanted.key };
    const { path } = PATHS[wanted.operation];
    const init = { method: "POST", headers, body: JSON.stringify(sent) };
    return this.interpret(await this.request(path, init), wanted, sent);
  }

  /** Sends an operation until it has an outcome. */
  async settle(wanted: Wanted): Promise<Reply> {
    const deadline = Date.now() + this.options.wait_ms;
    for (;;) {
      const reply = await this.call(wanted);
      if (reply.kind !== "pending" || Date.now() >= deadline) return reply;
      await sleep(PENDING_PAUSE_MS);
    }
  }

  /** What became of an operation. */
  async find(wanted: Wanted): Promise<Reply> {
    const response = await this.request(`operations/${wanted.key}`, { method: "GET" });
    return this.interpret(response, wanted, this.bodyOf(wanted));
  }

  /** Any request; a status of 0 when there was no response.
   *  @param token instead of the one in the options; null for none */
  async request(
    path: string,
    init: { method: string; headers?: Record<string, string>; body?: string },
    token: string | null = this.options.token,
  ): Promise<{ status: number; text: string }> {
    const headers = {
      ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      ...init.headers,
    };
    const signal = AbortSignal.timeout(this.options.timeout_ms);
    const url = `${this.options.url}/${path}`;
    try {
      const response = await fetch(url, { ...init, headers, signal, redirect: "manual" });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      return { status: 0, text: errorMessage(error) };
    }
  }

  private bodyOf(wanted: Wanted): Record<string, unknown> {
    const { key, amount_minor, payment, processor_reference, body } = wanted;
    return {
      ...{ user_id: "user_conformance", metadata: {} },
      ...(payment === undefined ? this.options.body : { payment }),
      ...(processor_reference === undefined ? {} : { processor_reference }),
      ...body,
      ...{ reference: key, amount_minor, currency: this.options.currency },
    };
  }

  private interpret(
    { status, text }: { status: number; text: string },
    { operation }: Wanted,
    sent: Record<string, unknown>,
  ): Reply {
    const members = readMembers(text) ?? {};
    const isTooLong = Buffer.byteLength(text) > BODY_BYTES_MAX;
    const wrong = isTooLong ? ["the body is too long"] : wrongIn(members, sent);
    const { processor_reference } = members;
    const reference = typeof processor_reference === "string" ? processor_reference : undefined;
    const reply = { status, text, members, processor_reference: reference, wrong };
    if (status === 404 && members.status === "not_found") return { ...reply, kind: "not_found" };
    if (status < 200 || status > 299 || isTooLong) return { ...reply, kind: "unclear" };
    if (members.status === PATHS[operation].done) return { ...reply, kind: "done" };
    if (members.status === "declined") return { ...reply, kind: "declined" };
    return { ...reply, kind: members.status === "pending" ? "pending" : "unclear" };
  }
}
