/**
 * Holds a running container to its contract, one check per request.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import { compareResponse } from "./compare_response.ts";
import type { Contract, ContractRequest } from "./contract_schema.ts";
import { HttpConnection } from "./http_client.ts";
import { runProof } from "./run_proof.ts";
import { urlOf } from "./url_of.ts";

/**
 * Sends every request of the contract, each on a connection of its own.
 *
 * @param container Runs and is ready.
 * @param contract What it promises.
 * @returns One check per request, in the contract's order; a failed one says
 * what was expected and what came.
 */
export async function proveContract(
  container: Container,
  contract: Contract,
  options: { signal?: AbortSignal } = {},
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const request of contract.requests) {
    checks.push(
      await runProof(
        request.name ?? `${request.method} ${request.path}`,
        contract.requestTimeoutMs,
        options.signal,
        (signal) => ask(urlOf(container), request, signal),
      ),
    );
  }
  return checks;
}

async function ask(
  url: string,
  request: ContractRequest,
  signal: AbortSignal,
): Promise<string[]> {
  using connection = await HttpConnection.open(url, signal);
  // With `close`, whatever follows the answer is surplus: a body after HEAD.
  const headers = { ...request.headers, Connection: "close" };
  const response = await connection.request({ ...request, headers });
  const surplus = await connection.drain();
  return compareResponse(request.expect, response, surplus);
}
