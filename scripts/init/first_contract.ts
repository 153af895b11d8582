/**
 * The contract that a service starts with: what is known of it without running
 * it. Its owner adds what else it promises.
 *
 * @module
 */
import type { Service } from "./service.ts";

/**
 * Writes a first `contract.json`.
 *
 * @param service The service.
 * @returns JSON that `deno task image` takes.
 */
export function firstContract({ healthPath }: Service): string {
  const contract = {
    healthPath,
    requests: [
      { method: "GET", path: healthPath, expect: { status: 200 } },
      {
        method: "HEAD",
        path: healthPath,
        expect: { status: 200, noBody: true },
      },
    ],
  };
  return JSON.stringify(contract, null, 2) + "\n";
}
