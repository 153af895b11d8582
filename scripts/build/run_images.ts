/**
 * Runs every image that was built: holds each to the contract and the proofs,
 * and measures those that keep the contract.
 *
 * @module
 */
import type { Contract } from "../check/contract_schema.ts";
import type { Target } from "../check/run_service.ts";
import { servicePort } from "../check/service_port.ts";
import { HOST } from "../lib/platform.ts";
import type { BuildContext, Built } from "./build_variant.ts";
import type { Looked } from "./look.ts";
import { type Measured, measureVariants } from "./measure_variants.ts";
import { proveUnrun } from "./prove_unrun.ts";
import { type Proofs, proveVariant } from "./prove_variant.ts";

const EMULATED =
  "under emulation, other proofs and measurements would be the emulator's";

/** What running the images has shown, by the variant's name. */
export interface Shown {
  proofs: Map<string, Proofs>;
  measured: Map<string, Measured>;
}

/** Proves and measures the variants. */
export async function runImages(
  looked: (Built & Looked)[],
  contract: Contract,
  { config, engine, io }: Pick<BuildContext, "config" | "engine" | "io">,
): Promise<Shown> {
  const targets = new Map<string, Target>();
  const proofs = new Map<string, Proofs>();
  const emulated = new Map<string, Measured>();
  for (const { name, own, image, analysis, architecture } of looked) {
    const unrun = proveUnrun({ ...image, surface: analysis.surface });
    if (unrun !== undefined) {
      proofs.set(name, unrun);
      continue;
    }
    const native = architecture === HOST;
    const port = servicePort(contract, image.config.exposedPorts);
    const target = { engine, image: own, port, contract, signal: io.signal };
    const proof = await proveVariant(name, target, {
      permissions: analysis.permissions,
      quick: config.quick || !native,
      healthcheck: image.config.healthcheck,
      io,
    });
    proofs.set(name, proof);
    if (!native && !config.quick) {
      emulated.set(name, { notes: [`only the contract: ${EMULATED}`] });
    } else if (proof.contract?.every((check) => check.status === "pass")) {
      targets.set(name, target);
    }
  }
  const measured = config.quick ? emulated : new Map([
    ...emulated,
    ...await measureVariants(targets, {
      runs: config.runs,
      floor: config.memoryFloor,
      io,
    }),
  ]);
  return { proofs, measured };
}
