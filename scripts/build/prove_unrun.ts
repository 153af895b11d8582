/**
 * What is known of an image without running it: that it can start nowhere, or
 * that it cannot be run here and so nothing of it is proved.
 *
 * @module
 */
import { cannotRun } from "../engine/emulation.ts";
import type { Check } from "../report/report_schema.ts";
import type { Surface } from "../inspect/inspect_schema.ts";
import type { Proofs } from "./prove_variant.ts";

/** What is decided before anything else is asked of a service. */
const STARTS = "starts and answers";

/**
 * Says how an image's contract stands when it is not run.
 *
 * @param image Its architecture, and what is in it.
 * @param why Why programs of an architecture do not run here, if they do not.
 * @returns `undefined` when it is to be run.
 */
export function proveUnrun(
  { architecture, surface }: {
    architecture: string;
    surface: Pick<Surface, "foreign" | "missing">;
  },
  why: (architecture: string) => string | undefined = cannotRun,
): Proofs | undefined {
  const contract = (status: Check["status"], detail: string) => ({
    contract: [{ name: STARTS, status, detail }],
  });
  const { foreign = [], missing = [] } = surface;
  if (foreign.length > 0) {
    return contract(
      "fail",
      `not for ${architecture}, as the image says: ${foreign.join(", ")}`,
    );
  }
  const reason = why(architecture);
  if (reason === undefined) return undefined;
  return missing.length > 0
    ? contract("fail", `needed and not there: ${missing.join(", ")}`)
    : contract("skip", reason);
}
