/**
 * docker, when its daemon answers.
 *
 * @module
 */
import { attempt, type CommandResult } from "../lib/command.ts";
import type { Builder } from "./command_lines.ts";
import { daemonText } from "./docker_daemon.ts";
import { DockerLike, type HowItBuilds } from "./docker_like.ts";
import { type Engine, Unusable } from "./engine.ts";

/** A daemon that hangs is as good as none; a busy machine needs its time. */
const ANSWERS_WITHIN_MS = 60_000;

/**
 * Up to 22, the client holds BuildKit's client itself; from 23 on that is the buildx
 * plugin, without which only the legacy builder is left.
 */
export function builderOf(clientVersion: string, hasBuildx: boolean): Builder {
  return parseInt(clientVersion) < 23 || hasBuildx ? "buildkit" : "legacy";
}

/** What a daemon cannot restrict, by `docker info --format {{json .}}`. */
export function limitsOf(info: string): Engine["cannot"] {
  const { MemoryLimit, PidsLimit } = JSON.parse(info);
  const why = "the host's kernel offers docker no such control group";
  return {
    ...(MemoryLimit === false ? { memoryBytes: why } : {}),
    ...(PidsLimit === false ? { pids: why } : {}),
  };
}

/** Where the client finds its daemon, by DOCKER_HOST or by its context. */
const ENDPOINT = "{{.Endpoints.docker.Host}}";

/** The Unix socket in an endpoint, as `unix:///var/run/docker.sock`. */
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

/** @throws {Unusable} when no daemon answers, or its builder does not know `needs`. */
export async function docker(
  signal?: AbortSignal,
  needs?: string,
): Promise<DockerLike> {
  const limit = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const options = { signal: signal ? AbortSignal.any([signal, limit]) : limit };
  const client = (args: string[]) => attempt("docker", args, options);
  try {
    // The daemon itself answers at once, the client after a tenth of a second.
    const endpoint = await client(["context", "inspect", "--format", ENDPOINT]);
    const socket = await reachable(socketOf(endpoint.stdout));
    const { version, info } = socket === undefined
      ? await askClient(client)
      : await askDaemon(socket, options);
    const how = needs === undefined ? undefined : await howItBuilds();
    if (how?.builder === "legacy") {
      throw new Unusable(
        `its client has no BuildKit, which "${needs}" takes`,
        "Install BuildKit for docker (on Debian and Ubuntu: apt-get install docker-buildx), or use another engine: --engine buildah --setup",
      );
    }
    return new DockerLike({
      name: "docker",
      version,
      pruneCommand: "docker builder prune",
      build: () => how ?? howItBuilds(),
      cannot: limitsOf(info),
      socket,
    });
  } catch (error) {
    if (error !== limit.reason || signal?.aborted) throw error;
    throw new Unusable("its daemon does not answer in time");
  }
}

const AS_JSON = ["--format", "{{json .}}"];

async function askClient(client: (args: string[]) => Promise<CommandResult>) {
  const version = await client(["version", ...AS_JSON]);
  const server = serverVersion(version.stdout);
  if (!server) {
    const said = version.output.split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("{"));
    throw new Unusable(
      said.length > 0
        ? `it is installed, but no daemon answers: ${said.join(" ")}`
        : "the command is there, but not a docker daemon",
    );
  }
  const { code, stdout } = await client(["info", ...AS_JSON]);
  return { version: server, info: code === 0 ? stdout : "{}" };
}

async function askDaemon(socket: string, options: { signal: AbortSignal }) {
  const [version, info] = await Promise.all(
    ["/version", "/info"].map((path) => daemonText(socket, path, options)),
  );
  return { version: JSON.parse(version).Version, info };
}

async function howItBuilds(): Promise<HowItBuilds> {
  const [version, buildx, builder] = await Promise.all([
    attempt("docker", ["version", "--format", "{{.Client.Version}}"]),
    attempt("docker", ["buildx", "version"]),
    attempt("docker", ["buildx", "inspect"]),
  ]);
  return {
    builder: builderOf(version.stdout, buildx.code === 0),
    cannotDate: cannotDate(builder.code === 0 ? builder.stdout : undefined),
  };
}

function serverVersion(json: string): string | undefined {
  try {
    return JSON.parse(json).Server?.Version;
  } catch {
    return undefined;
  }
}

/** The first BuildKit that does. */
const DATES_FROM = [0, 13];

/**
 * Why docker cannot date the files that it builds, by what `docker buildx inspect`
 * printed. Its own BuildKit takes the option and does nothing: the driver counts.
 */
export function cannotDate(inspected: string | undefined): string | undefined {
  if (inspected === undefined) {
    return "docker needs buildx to date the files that it builds";
  }
  const field = (name: RegExp) => name.exec(inspected)?.[1];
  const driver = field(/^Driver: *(\S+)$/m);
  if (driver === undefined || driver === "docker") {
    return "docker's own BuildKit does not date the files that it builds; a builder made by docker buildx create does";
  }
  const version = field(/^BuildKit(?: version)?: *v?(\d\S*)$/im);
  const [major, minor] = (version ?? "0.0").split(".").map(Number);
  return major > DATES_FROM[0] || minor >= DATES_FROM[1]
    ? undefined
    : `BuildKit ${
      version ?? "of this builder"
    } does not date the files that it builds; 0.13 does`;
}
