/**
 * docker, when its daemon answers: which builder the client can drive, and
 * which limits the daemon can set.
 *
 * @module
 */
import type { Restrictions } from "../model.ts";
import { cannotDate } from "./cannot_date.ts";
import { attempt } from "./command.ts";
import type { Builder } from "./docker_args.ts";
import { DockerLike } from "./docker_like.ts";
import { Unusable } from "./unusable.ts";

/** A daemon that hangs is as good as none; a busy machine needs its time. */
const ANSWERS_WITHIN_MS = 60_000;

/**
 * Which builder a client drives. Up to 22, it holds BuildKit's client itself;
 * from 23 on that is the buildx plugin, and without it only the legacy builder
 * is left. That one builds ordinary Dockerfiles, so it will do.
 *
 * @param clientVersion As `20.10.24+dfsg1`.
 * @param hasBuildx Whether `docker buildx version` works.
 */
export function builderOf(clientVersion: string, hasBuildx: boolean): Builder {
  return parseInt(clientVersion) < 23 || hasBuildx ? "buildkit" : "legacy";
}

/**
 * What a daemon cannot restrict.
 *
 * @param info What `docker info --format {{json .}}` printed.
 */
export function limitsOf(
  info: string,
): Partial<Record<keyof Restrictions, string>> {
  const { MemoryLimit, PidsLimit } = JSON.parse(info);
  const why = "the host's kernel offers docker no such control group";
  return {
    ...(MemoryLimit === false ? { memoryBytes: why } : {}),
    ...(PidsLimit === false ? { pids: why } : {}),
  };
}

/** Where the client finds its daemon, by DOCKER_HOST or by its context. */
const ENDPOINT = "{{.Endpoints.docker.Host}}";

/**
 * The Unix socket in an endpoint.
 *
 * @param endpoint As `unix:///var/run/docker.sock`.
 * @returns `undefined` for a daemon that is reached in another way.
 */
export function socketOf(endpoint: string): string | undefined {
  return /^unix:\/\/(\/.+)$/.exec(endpoint.trim())?.[1];
}

/** The socket, if it takes a connection from us: the client may have other ways. */
async function reachable(path?: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return path;
  } catch {
    return undefined;
  }
}

/**
 * The docker engine.
 *
 * @throws {Unusable} when there is no client or no daemon answers.
 */
export async function docker(signal?: AbortSignal): Promise<DockerLike> {
  const format = ["--format", "{{json .}}"];
  const limit = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const options = { signal: signal ? AbortSignal.any([signal, limit]) : limit };
  const ask = async (args: string[]) => {
    try {
      return await attempt("docker", args, options);
    } catch (error) {
      if (error !== limit.reason || signal?.aborted) throw error;
      throw new Unusable("docker", "its daemon does not answer in time", {
        cause: error,
      });
    }
  };
  const endpoint = ["context", "inspect", "--format", ENDPOINT];
  const [version, buildx, info, context, builder] = await Promise.all([
    ask(["version", ...format]),
    ask(["buildx", "version"]),
    ask(["info", ...format]),
    ask(endpoint),
    ask(["buildx", "inspect"]),
  ]);
  const { Client, Server } = parse(version.stdout);
  if (!Server?.Version) {
    const said = version.output.split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("{"));
    throw new Unusable(
      "docker",
      said.length > 0
        ? `it is installed, but no daemon answers: ${said.join(" ")}`
        : "the command is there, but not a docker daemon",
    );
  }
  return new DockerLike({
    name: "docker",
    version: Server.Version,
    builder: builderOf(Client?.Version ?? "", buildx.code === 0),
    cannot: info.code === 0 ? limitsOf(info.stdout) : {},
    cannotDate: cannotDate(builder.code === 0 ? builder.stdout : undefined),
    socket: await reachable(socketOf(context.stdout)),
  });
}

function parse(
  json: string,
): { Client?: { Version?: string }; Server?: { Version?: string } | null } {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
