/** Schemas of the operator's routes for books. */
import { z } from "@hono/zod-openapi";

const MERCHANT_ID = "mer_mfzwizlhn5xgs3dpnrsw45dfoi";
const bookNumber = z.int().openapi({ description: "Number of the book.", example: 2 });

const Book = z
  .object({
    book: bookNumber,
    merchants: z.int().openapi({ description: "How many merchants it has.", example: 12 }),
    bytes: z.int().nullable().openapi({
      description: "Size of its D1 database. Null if it does not respond.",
      example: 2_147_483_648,
    }),
  })
  .openapi("Book");

const BookMove = z
  .object({
    merchant_id: z.string().openapi({ example: MERCHANT_ID }),
    from_book: z.int().openapi({ example: 1 }),
    to_book: z.int().openapi({ example: 2 }),
    phase: z.enum(["copying", "deleting"]).openapi({
      description:
        "`deleting`: the merchant has its new book, and its rows in the one before are deleted.",
      example: "copying",
    }),
  })
  .openapi("BookMove");

export const BookList = z
  .object({
    data: z.array(Book),
    moves: z.array(BookMove).openapi({ description: "Moves that have not ended, at most 100." }),
  })
  .openapi("BookList");

export const MoveBody = z
  .strictObject({
    merchant_id: z
      .string("must be a string")
      .max(100, "must have at most 100 characters")
      .openapi({ description: "Id of the merchant.", example: MERCHANT_ID }),
    book: z
      .int("must be a whole number")
      .min(1, "must be at least 1")
      .openapi({ description: "Number of the book that gets the merchant.", example: 2 }),
  })
  .openapi("MoveMerchant");

export const MoveProgress = z
  .object({
    phase: z
      .enum([
        "starting",
        "clearing",
        "copying",
        "following",
        "verifying",
        "opened",
        "deleting",
        "done",
      ])
      .openapi({
        description: "What was done last. `done`: the move has ended.",
        example: "copying",
      }),
    rows: z.int().openapi({
      description: "How many rows were copied, compared or deleted by this request.",
      example: 3_000,
    }),
    wait_ms: z.int().openapi({
      description: "So many milliseconds have to pass before the next request does anything.",
      example: 0,
    }),
  })
  .openapi("MoveProgress");
