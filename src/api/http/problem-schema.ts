/** The shape of a problem (RFC 9457) in openapi.json. */
import { z } from "@hono/zod-openapi";
import { PROBLEMS, type ProblemCode } from "./problem";

const CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]; // Not empty.

const FieldFault = z
  .object({
    pointer: z.string().optional().openapi({
      description: "Location in the body: a JSON Pointer (RFC 6901) as a URI fragment.",
      example: "#/amount",
    }),
    parameter: z
      .string()
      .optional()
      .openapi({ description: "Name of a query or path parameter.", example: "limit" }),
    header: z
      .string()
      .optional()
      .openapi({ description: "Name of a header field.", example: "Idempotency-Key" }),
    message: z.string().openapi({ example: "must have at most 2 decimal places in USD" }),
  })
  .openapi("FieldFault", {
    description:
      "A fault in one part of the request. One of `pointer`, `parameter` and `header` gives its location.",
  });

export const Problem = z
  .object({
    type: z.string().openapi({
      description: "URL of a page about the code.",
      example: "https://payments.example/problems/invalid_request",
    }),
    title: z.string().openapi({ example: PROBLEMS.invalid_request.title }),
    status: z.int().min(400).max(599).openapi({ example: PROBLEMS.invalid_request.status }),
    detail: z.string().openapi({ example: "amount must have at most 2 decimal places in USD." }),
    code: z.enum(CODES).openapi("ProblemCode", {
      description:
        "Identifies the problem. Handle errors by `code`: unlike `title` and `detail`, it does not change.",
    }),
    request_id: z.string().openapi({
      description: "Id of the request, as in the `Request-Id` header and the log.",
      example: "req_4f1c7d1f0e6b4a0c9d3e5b7a8c6d2e10",
    }),
    errors: z.array(FieldFault).optional(),
  })
  .openapi("Problem", {
    example: {
      type: "https://payments.example/problems/invalid_request",
      title: PROBLEMS.invalid_request.title,
      status: PROBLEMS.invalid_request.status,
      detail: "amount must have at most 2 decimal places in USD.",
      code: "invalid_request",
      request_id: "req_4f1c7d1f0e6b4a0c9d3e5b7a8c6d2e10",
      errors: [{ pointer: "#/amount", message: "must have at most 2 decimal places in USD" }],
    },
  });
