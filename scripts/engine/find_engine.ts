/**
 * Which engine to use: the first that works, in the order in which people
 * prefer them, or the one that was asked for, installed first if that was asked too.
 * @module
 */
import {
  attempt,
  CommandNotFound,
  type CommandResult,
} from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { isThere } from "../lib/files.ts";
import { containerName, owner, OWNER_LABEL } from "../lib/owner.ts";
import type { Io } from "../lib/progress.ts";
import { buildah } from "./buildah.ts";
import type { Builder } from "./command_lines.ts";
import { daemonText } from "./docker_daemon.ts";
import { type Dialect, DockerLike, type HowItBuilds } from "./docker_like.ts";
import { type Engine, type EngineName, ENGINES, Unusable } from "./engine.ts";
import { installCommand, setUp } from "./setup.ts";

type Finders = Record<
  EngineName,
  (signal?: AbortSignal, needs?: string) => Promise<Engine>
>;

const FINDERS: Finders = { docker, podman, buildah };

interface FindOptions {
  engine?: EngineName;
  signal?: AbortSignal;
  /** An instruction that its builder must know, as `FROM --platform=$BUILDPLATFORM`. */
  needs?: string;
  /** Called with why an engine that is installed is passed over. */
  onPassed?: (reason: string) => void;
}

/** @throws {UserError} when no engine works, with each one's reason. */
export async function findEngine(
  options: FindOptions = {},
  finders: Finders = FINDERS,
): Promise<Engine> {
  const names = options.engine ? [options.engine] : ENGINES;
  const reasons: string[] = [];
  let passed: { reason: string; next: string } | undefined;
  for (const name of names) {
    try {
      const engine = await finders[name](options.signal, options.needs);
      // Whoever has started a daemon expects that it is used.
      if (passed !== undefined) options.onPassed?.(passed.reason);
      return engine;
    } catch (error) {
      const why = error instanceof CommandNotFound
        ? new Unusable("not installed")
        : error;
      if (!(why instanceof Unusable)) throw error;
      const reason = `${name}: ${why.message}`;
      reasons.push(reason);
      if (why.next !== undefined) passed ??= { reason, next: why.next };
    }
  }
  throw new UserError(
    options.engine
      ? `Cannot use the engine "${options.engine}"`
      : "Cannot find an engine that builds and runs images",
    {
      next: passed?.next ?? nextStep(options.engine, reasons),
      exitCode: EXIT.environment,
      output: reasons.join("\n"),
    },
  );
}

function nextStep(engine: EngineName | undefined, reasons: string[]): string {
  const absent = reasons.at(-1)?.endsWith(": not installed") ?? false;
  if (engine === "docker") {
    return absent
      ? "Install docker and start its daemon, or leave out --engine docker"
      : "Start the docker daemon (on most systems: systemctl start docker), or leave out --engine docker";
  }
  const name = engine ?? "buildah";
  if (!absent) {
    return `Correct ${name} as its message above says, or use another engine`;
  }
  const setup = name === "buildah" ? "Run again with --setup, or: " : "Run: ";
  return setup + installCommand([name]);
}

export interface EngineChoice {
  /** In place of the first that works. */
  engine?: EngineName;
  /** Install what is missing with apt. */
  setup: boolean;
}

/** @param options `sweeps`: clear what killed runs may have left in it. */
export function prepareEngine(
  config: EngineChoice,
  io: Io,
  options: { sweeps: boolean; needs?: string },
): Promise<Engine> {
  return io.progress.step("Engine", async (say) => {
    const find = () =>
      findEngine({
        engine: config.engine,
        signal: io.signal,
        needs: options.needs,
        onPassed: (reason) => io.note(`note:  Not ${reason}`),
      });
    const engine = await find().catch(async (error) => {
      const { setup, engine = "buildah" } = config;
      const helps = setup && engine !== "docker" && error instanceof UserError;
      if (!helps) throw error;
      await setUp([engine], { onLine: say, signal: io.signal });
      return await find();
    });
    say(`${engine.name} ${engine.version}`);
    if (options.sweeps) await engine.sweep({ remove: true });
    return engine;
  });
}

/** An engine that hangs is as good as none; a busy machine needs its time. */
async function inTime<T>(
  find: (options: { signal: AbortSignal }) => Promise<T>,
  late: string,
  signal?: AbortSignal,
): Promise<T> {
  const limit = AbortSignal.timeout(60_000);
  try {
    return await find({
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (error !== limit.reason || signal?.aborted) throw error;
    throw new Unusable(late);
  }
}

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
function docker(signal?: AbortSignal, needs?: string): Promise<DockerLike> {
  return inTime(
    (options) => answeringDocker(options, needs),
    "its daemon does not answer in time",
    signal,
  );
}

async function answeringDocker(
  options: { signal: AbortSignal },
  needs?: string,
): Promise<DockerLike> {
  const client = (args: string[]) => attempt("docker", args, options);
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

/** Folders of the host that hold a program and all it needs to run. */
const PROGRAMS = ["/bin", "/lib", "/lib64", "/usr"];

/** A run of the host's own `true` in an empty root, as there may be no image yet. */
export function probeArgs(
  root: string,
  folders: string[],
  name: string,
): string[] {
  const mounts = folders.flatMap((folder) => ["-v", `${folder}:${folder}:ro`]);
  const label = `${OWNER_LABEL}=${owner()}`;
  return [
    ...["run", "--rm", "--name", name, "--label", label, "--network", "none"],
    ...mounts,
    ...["--rootfs", root, "/bin/true"],
  ];
}

/** What podman says of itself in `podman info --format json`. */
export function podmanFacts(
  info: string,
): Pick<Dialect, "version" | "cannot" | "working"> {
  const { host, store, version } = JSON.parse(info);
  const controllers: string[] = host?.cgroupControllers ?? [];
  const why = "podman has no such control group here";
  return {
    version: version?.Version ?? "unknown",
    working: `${store?.graphRoot}/${store?.graphDriverName}-containers`,
    cannot: {
      ...(controllers.includes("memory") ? {} : { memoryBytes: why }),
      ...(controllers.includes("pids") ? {} : { pids: why }),
    },
  };
}

/** @throws {Unusable} when it does not work or cannot run a container. */
async function podman(signal?: AbortSignal): Promise<DockerLike> {
  const root = await Deno.makeTempDir({ prefix: "deno-small-image-" });
  const name = containerName();
  const probe = async (options: { signal: AbortSignal }) => {
    const info = await attempt("podman", ["info", "--format", "json"], options);
    if (info.code !== 0) throw refused("it does not work", info.output);
    const there = await Promise.all(PROGRAMS.map(isThere));
    const folders = PROGRAMS.filter((_, at) => there[at]);
    const args = probeArgs(root, folders, name);
    const { code, output } = await attempt("podman", args, options);
    if (code !== 0) throw refused("it runs no container", output);
    const build = () => ({ builder: "podman" }) as const;
    return new DockerLike({
      name: "podman",
      build,
      ...podmanFacts(info.stdout),
    });
  };
  try {
    return await inTime(probe, "it does not answer in time", signal);
  } catch (error) {
    await attempt("podman", ["rm", "--force", name]).catch(() => {});
    throw error;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function refused(what: string, output: string): Unusable {
  const said = output.trim().split("\n").at(-1) ?? "";
  return new Unusable(`${what}: ${said}`);
}
