/**
 * Registers tests of faults for each engine that works here.
 *
 * @module
 */
import { findEngine } from "../scripts/engine/find_engine.ts";
import { messageOf, UserError } from "../scripts/lib/errors.ts";
import type { Engine } from "../scripts/engine/engine.ts";

type Found = { engine: Engine; reason?: undefined } | {
  engine?: undefined;
  reason: string;
};

async function find(name: "docker" | "buildah"): Promise<Found> {
  try {
    await Deno.stat("/usr/bin/perl");
    return { engine: await findEngine({ engine: name }) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { reason: "the service needs Perl" };
    }
    if (!(error instanceof UserError)) throw error;
    return { reason: messageOf(error) };
  }
}

const ENGINES = {
  docker: await find("docker"),
  buildah: await find("buildah"),
};

/**
 * Registers a test for docker and one for buildah.
 *
 * @param name What happens; the engine's name comes before it.
 * @param work The test.
 * @param options `only`: the one engine that it is about; `without`: why it
 * cannot be made here, if so.
 */
export function withEngines(
  name: string,
  work: (engine: Engine) => Promise<void>,
  { only, without }: { only?: string; without?: string } = {},
): void {
  for (const [which, { engine, reason }] of Object.entries(ENGINES)) {
    if (only !== undefined && only !== which) continue;
    const skipped = reason ?? without;
    Deno.test({
      name: `${which}: ${name}${skipped ? ` (skipped: ${skipped})` : ""}`,
      ignore: skipped !== undefined,
      fn: async () => {
        if (engine) await work(engine);
      },
    });
  }
}
