/**
 * Runs every image that was built: checks each, and measures those that keep the
 * contract.
 *
 * @module
 */
import { checkImage, type Checks, checkUnrun } from "../check/check_image.ts";
import { type Contract, servicePort } from "../check/contract_schema.ts";
import type { Target } from "../check/run_service.ts";
import { HOST } from "../lib/platform.ts";
import type { BuildContext, Built } from "./build_variant.ts";
import type { Looked } from "./look.ts";
import { type Measured, measureVariants } from "./measure_variants.ts";

const EMULATED =
  "under emulation, other checks and measurements would be the emulator's";

/** What running the images has shown, by the variant's name. */
export interface Shown {
  checks: Map<string, Checks>;
  measured: Map<string, Measured>;
}

/** Checks and measures the variants. */
export async function runImages(
  looked: (Built & Looked)[],
  contract: Contract,
  { config, engine, io }: Pick<BuildContext, "config" | "engine" | "io">,
): Promise<Shown> {
  const targets = new Map<string, Target>();
  const checks = new Map<string, Checks>();
  const emulated = new Map<string, Measured>();
  for (const { name, own, image, analysis, architecture } of looked) {
    const unrun = checkUnrun({ ...image, surface: analysis.surface });
    if (unrun !== undefined) {
      checks.set(name, unrun);
      continue;
    }
    const native = architecture === HOST;
    const port = servicePort(contract, image.config.exposedPorts);
    const target = { engine, image: own, port, contract, signal: io.signal };
    const facts = {
      permissions: analysis.permissions,
      healthcheck: image.config.healthcheck,
    };
    const quick = config.quick || !native;
    const found = await io.progress.step(
      `Check ${name}`,
      (say) => checkImage(target, facts, { quick, say }),
    );
    checks.set(name, found);
    if (!native && !config.quick) {
      emulated.set(name, { notes: [`only the contract: ${EMULATED}`] });
    } else if (found.contract?.every((check) => check.status === "pass")) {
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
  return { checks, measured };
}
