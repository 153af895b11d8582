/**
 * Treats a running container as careless, slow and hostile clients do. After
 * each proof it must serve as before.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import type { Contract } from "./contract_schema.ts";
import { HttpConnection } from "./http_client.ts";
import {
  MALFORMED_REQUESTS,
  type MalformedRequest,
} from "./malformed_requests.ts";
import { PROTOCOL_PROOFS } from "./protocol_proofs.ts";
import { runProof } from "./run_proof.ts";
import { urlOf } from "./url_of.ts";

/** Milliseconds that a proof may take; some open 1,000 connections. */
const PROOF_MS = 20_000;

/**
 * Makes all proofs, one after the other.
 *
 * @param container Runs and is ready.
 * @param contract Says which path to ask, and what the answer must be.
 * @param options `timeLimitMs` is what each proof may take; 20 s unless told.
 * @returns One check per proof.
 */
export async function proveProtocol(
  container: Container,
  contract: Contract,
  options: { signal?: AbortSignal; timeLimitMs?: number } = {},
): Promise<Check[]> {
  const { signal, timeLimitMs = PROOF_MS } = options;
  const url = urlOf(container);
  const prove = (
    name: string,
    work: (signal: AbortSignal) => Promise<string[]>,
  ) =>
    runProof(name, timeLimitMs, signal, async (signal) => {
      const wrong = await work(signal);
      // Whatever it was, others must not notice.
      if (wrong.length > 0) return wrong;
      return (await askHealth(url, contract, signal)).map((text) =>
        `afterwards: ${text}`
      );
    });

  const checks: Check[] = [];
  for (const { name, prove: work } of PROTOCOL_PROOFS) {
    checks.push(
      await prove(name, (signal) => work({ url, contract, signal })),
    );
  }
  for (const request of MALFORMED_REQUESTS) {
    checks.push(
      await prove(
        `refuses ${request.name}`,
        (signal) => refuses(url, request, signal),
      ),
    );
  }
  return checks;
}

async function askHealth(
  url: string,
  contract: Contract,
  signal: AbortSignal,
): Promise<string[]> {
  using connection = await HttpConnection.open(url, signal);
  const { status } = await connection.request({ path: contract.healthPath });
  const wanted = contract.healthStatus;
  return wanted === "any" || status === wanted
    ? []
    : [`status: expected ${wanted}, got ${status}`];
}

async function refuses(
  url: string,
  request: MalformedRequest,
  signal: AbortSignal,
): Promise<string[]> {
  using connection = await HttpConnection.open(url, signal);
  await connection.send(request.text);
  const { status } = await connection.receive();
  if (!request.statuses.includes(status)) {
    return [`status: expected ${request.statuses.join(" or ")}, got ${status}`];
  }
  // What follows on this connection could be anything; only closing it is safe.
  await connection.drain();
  return [];
}
