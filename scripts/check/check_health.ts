/**
 * Runs the image's own health check: an orchestrator that trusts it must learn
 * both that the service is well and that it is not. @module
 */
import type { Container } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import { CannotCheck, runCheck } from "./run_check.ts";
import { surroundings, type Target } from "./run_service.ts";
import { orAbort } from "./time_limit.ts";

/** What Docker grants a health check that states no limit. */
const LIMIT_MS = 30_000;

/**
 * Runs the health check of a container's image beside the service, and without it.
 * `test` is as in the image's config: `CMD` and words, or `CMD-SHELL` and a line.
 */
export async function checkHealth(
  container: Container,
  target: Target,
  test: string[],
): Promise<Check[]> {
  const { signal } = target;
  const command = commandOf(test);
  const check = (
    name: string,
    work: (command: string[], signal: AbortSignal) => Promise<string[]>,
  ) =>
    runCheck(name, LIMIT_MS, signal, (signal) => {
      if (command === undefined) {
        throw new CannotCheck("the image has no HEALTHCHECK");
      }
      return work(command, signal);
    });
  return [
    await check(
      "HEALTHCHECK: well while it serves",
      async (command, signal) => {
        const { code, output } = await container.exec(command, { signal });
        return code === 0 ? [] : [`exit code ${code}: ${output.trim()}`];
      },
    ),
    await check(
      "HEALTHCHECK: ill while nothing serves",
      (command, signal) => runAlone({ ...target, signal }, command),
    ),
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
