/**
 * What `docker login` has kept, where it keeps it in the file itself. Helpers are
 * programs of other people; they are not started.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";

const configSchema = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() }))
    .optional(),
});

/** Under which other name Docker Hub's are kept. */
const HUB_KEY = "https://index.docker.io/v1/";

/** Name of a registry to the value of an `Authorization: Basic` header. */
export type Credentials = (registry: string) => string | undefined;

/**
 * Reads Docker's configuration.
 *
 * @param file Its path; `config.json` of `DOCKER_CONFIG` or `~/.docker` unless told.
 * @returns What is known; nothing when there is no such file or it is damaged.
 */
export async function readCredentials(
  file = defaultFile(),
): Promise<Credentials> {
  const kept = await read(file);
  return (registry) => {
    const keys = registry === "registry-1.docker.io"
      ? [HUB_KEY, "docker.io"]
      : [registry, `https://${registry}`];
    return keys.map((key) => kept[key]?.auth).find((auth) => auth);
  };
}

async function read(file: string) {
  try {
    const text = await Deno.readTextFile(file);
    return configSchema.parse(JSON.parse(text)).auths ?? {};
  } catch {
    return {};
  }
}

function defaultFile(): string {
  const folder = Deno.env.get("DOCKER_CONFIG") ||
    join(Deno.env.get("HOME") ?? "", ".docker");
  return join(folder, "config.json");
}
