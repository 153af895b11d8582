/** Whether the image's health check tells both that it is well and ill. @module */
import type { Container } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import { CannotCheck, runCheck } from "./run_check.ts";
import { surroundings, type Target } from "./run_service.ts";
import { orAbort } from "./time_limit.ts";

/** What Docker grants a health check that states no limit. */
const LIMIT_MS = 30_000;

/** `test` is as in the image's config: `CMD` and words, or `CMD-SHELL` and a line. */
export async function checkHealth(
  container: Container,
  target: Target,
  test: string[],
): Promise<Check[]> {
  const command = commandOf(test);
  const check = (name: string, work: typeof runAlone) =>
    runCheck(name, LIMIT_MS, target.signal, (signal) => {
      if (command === undefined) {
        throw new CannotCheck("the image has no HEALTHCHECK");
      }
      return work({ ...target, signal }, command);
    });
  return [
    await check(
      "HEALTHCHECK: well while it serves",
      async ({ signal }, command) => {
        const { code, output } = await container.exec(command, { signal });
        return code === 0 ? [] : [`exit code ${code}: ${output.trim()}`];
      },
    ),
    await check("HEALTHCHECK: ill while nothing serves", runAlone),
  ];
}

/** In a container of its own, in which it takes the service's place. */
async function runAlone(
  { engine, image, port, contract, signal }: Target,
  command: string[],
): Promise<string[]> {
  await using container = await engine.run({
    image,
    port,
    entrypoint: command,
    ...surroundings(contract),
    signal,
  });
  const code = await orAbort(container.exited, signal);
  return code === 0 ? ["exit code 0, though nothing serves"] : [];
}

function commandOf([form, ...words]: string[]): string[] | undefined {
  if (words.length === 0) return undefined;
  if (form === "CMD") return words;
  return form === "CMD-SHELL" ? ["/bin/sh", "-c", ...words] : undefined;
}
