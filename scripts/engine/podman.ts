/**
 * podman, when a container really runs: being installed says nothing in a sandbox.
 *
 * @module
 */
import { attempt } from "../lib/command.ts";
import { isThere } from "../lib/files.ts";
import { containerName, owner, OWNER_LABEL } from "../lib/owner.ts";
import { type Dialect, DockerLike } from "./docker_like.ts";
import { Unusable } from "./engine.ts";

/** A runtime that hangs is as good as none. */
const RUNS_WITHIN_MS = 60_000;

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
export async function podman(signal?: AbortSignal): Promise<DockerLike> {
  const limit = AbortSignal.timeout(RUNS_WITHIN_MS);
  const options = { signal: signal ? AbortSignal.any([signal, limit]) : limit };
  const root = await Deno.makeTempDir({ prefix: "deno-small-image-" });
  const name = containerName();
  try {
    const info = await attempt("podman", ["info", "--format", "json"], options);
    if (info.code !== 0) throw refused("it does not work", info.output);
    const there = await Promise.all(PROGRAMS.map(isThere));
    const folders = PROGRAMS.filter((_, at) => there[at]);
    const args = probeArgs(root, folders, name);
    const probe = await attempt("podman", args, options);
    if (probe.code !== 0) throw refused("it runs no container", probe.output);
    return new DockerLike({
      name: "podman",
      build: () => ({ builder: "podman" }),
      ...podmanFacts(info.stdout),
    });
  } catch (error) {
    if (error !== limit.reason || signal?.aborted) throw error;
    await attempt("podman", ["rm", "--force", name]);
    throw new Unusable("it does not answer in time");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function refused(what: string, output: string): Unusable {
  const said = output.trim().split("\n").at(-1) ?? "";
  return new Unusable(`${what}: ${said}`);
}
