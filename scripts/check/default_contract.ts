/**
 * What is proven of a service that has no `contract.json`: that it starts, and
 * that it speaks HTTP.
 *
 * @module
 */
import { type Contract, contractSchema } from "./contract_schema.ts";

/**
 * The contract of a service that states none: `/` answers with any status
 * within the time limit. A 404 is an answer; silence or garbage is not.
 *
 * @returns A new contract, defaults filled in.
 */
export function defaultContract(): Contract {
  return contractSchema.parse({
    healthPath: "/",
    healthStatus: "any",
    requests: [{ name: "answers HTTP on /", path: "/", expect: {} }],
  });
}
