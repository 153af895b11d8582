/** Whether the image's health check tells both that it is well and ill. @module */
import type { Container } from "../engine/engine.ts";
import { missingProgram } from "../engine/explain.ts";
import type { Check } from "../report/report_schema.ts";
import { CannotCheck, runCheck } from "./run_check.ts";
import { surroundings, type Target } from "./run_service.ts";
import { orAbort } from "./time_limit.ts";

/** What Docker grants a health check that states no limit. */
const HEALTH_MS = 30_000;

/** `test` is as in the image's config: `CMD` and words, or `CMD-SHELL` and a line. */
export async function checkHealth(
  container: Container,
  target: Target,
  test: string[],
): Promise<Check[]> {
  const command = commandOf(test);
  let missing = false;
  const check = (name: string, work: typeof runAlone) =>
    runCheck(name, HEALTH_MS, target.signal, (signal) => {
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
        if (code === 0) return [];
        const program = missingProgram(output);
        if (program !== undefined) {
          missing = true;
          return [
            `${program} is not in the image: correct HEALTHCHECK in the Dockerfile`,
          ];
        }
        const { healthPath } = target.contract;
        const asked = pathIn(output) ?? pathIn(command.join(" "));
        return [
          `exit code ${code}: ${output.trim()}`,
          ...asked === undefined || asked === healthPath ? [] : [
            `it asks ${asked}, healthPath in contract.json is ${healthPath}: correct the one that is wrong`,
          ],
        ];
      },
    ),
    await check("HEALTHCHECK: ill while nothing serves", (target, command) => {
      if (missing) throw new CannotCheck("its program is not in the image");
      return runAlone(target, command);
    }),
  ];
}

/** The path in a request or an address, as health checks write them. */
function pathIn(text: string): string | undefined {
  return /\b(?:GET (?=\/)|https?:\/\/[^\s/'"]+(?=\/))([^\s'"?#]+)/.exec(text)
    ?.[1];
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
