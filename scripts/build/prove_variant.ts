/**
 * Runs one variant's image and holds it to what it promises.
 *
 * @module
 */
import type { Io } from "../lib/io.ts";
import { proveContract } from "../check/prove_contract.ts";
import { proveNothingOpened, proveRefused } from "../check/prove_egress.ts";
import { proveHealthcheck } from "../check/prove_healthcheck.ts";
import { proveHardened } from "../check/prove_hardened.ts";
import { proveProtocol } from "../check/prove_protocol.ts";
import { proveStop } from "../check/prove_stop.ts";
import { failureOf } from "../check/run_proof.ts";
import { runService, type Target } from "../check/run_service.ts";
import type { Check, Variant } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";

/** How a variant kept its promises. */
export type Proofs = Pick<Variant, "contract" | "hardening">;

/**
 * Proves a variant.
 *
 * @param name Its name, for the progress.
 * @param target Its image, and how to reach it.
 * @param options `quick` leaves it at the contract; `permissions` are what Deno
 * allows the program, as far as it can be told, `healthcheck` is the image's own.
 * @returns The checks; an image that does not start fails its only one.
 */
export function proveVariant(
  name: string,
  target: Target,
  { permissions, healthcheck, quick, io }: {
    permissions?: Permissions;
    healthcheck: string[];
    quick: boolean;
    io: Io;
  },
): Promise<Proofs> {
  return io.progress.step(`Prove ${name}`, async (say) => {
    const contract = await whileServing(target, async (service) => {
      const checks = await proveContract(service, target.contract, {
        signal: io.signal,
      });
      say(`contract: ${summary(checks)}`);
      if (quick) return { contract: checks };
      const protocol = await proveProtocol(service, target.contract, {
        signal: io.signal,
      });
      say(`protocol: ${summary(protocol)}`);
      const egress = [
        proveRefused(permissions, target.contract),
        await proveNothingOpened(service, target.contract, {
          signal: io.signal,
        }),
      ];
      say(`no way out: ${summary(egress)}`);
      const health = await proveHealthcheck(service, target, healthcheck);
      say(`health check: ${summary(health)}`);
      return {
        contract: checks,
        hardening: [...protocol, ...egress, ...health],
      };
    });
    if (contract.hardening === undefined) return contract;
    const hardened = await proveHardened(target);
    say(`hardening: ${summary(hardened)}`);
    const stop = await proveStop(target);
    say(`stop: ${summary(stop)}`);
    return {
      ...contract,
      hardening: [...contract.hardening, ...hardened, ...stop],
    };
  });
}

async function whileServing(
  target: Target,
  work: (
    container: Parameters<typeof proveContract>[0],
  ) => Promise<{ contract: Check[]; hardening?: Check[] }>,
): Promise<{ contract: Check[]; hardening?: Check[] }> {
  try {
    await using service = await runService(target);
    return await work(service.container);
  } catch (thrown) {
    const error = failureOf(thrown, target.signal);
    const detail = [error.message, error.output].filter(Boolean).join("\n");
    return {
      contract: [{ name: "starts and answers", status: "fail", detail }],
    };
  }
}

function summary(checks: Check[]): string {
  const count = (status: Check["status"]) =>
    checks.filter((check) => check.status === status).length;
  const skipped = count("skip");
  return `${count("pass")} of ${checks.length - skipped} hold` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}
