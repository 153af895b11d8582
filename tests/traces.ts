/**
 * What a run may have left behind: whoever tests that it leaves nothing looks
 * here, by the process id that is a part of every name it gives.
 *
 * @module
 */
import { join } from "node:path";
import { Buildah, retried } from "../scripts/engine/buildah.ts";
import { run } from "../scripts/lib/command.ts";
import { processes, rootOf } from "../scripts/engine/processes.ts";
import type { Engine } from "../scripts/engine/engine.ts";

/**
 * Containers that are still there.
 *
 * @param part A part of their names: `-<pid>-` for all that a process has made.
 */
export async function containersOf(
  engine: Engine,
  part: string,
): Promise<string[]> {
  const args = engine.name === "buildah"
    ? ["containers", "--format", "{{.ContainerName}}"]
    : ["ps", "--all", "--format", "{{.Names}}"];
  // buildah fails when one is removed while it lists them; so below.
  const listed = await retried(() => run(engine.name, args));
  const mine = (text: string) => text.includes(part);
  const found = listed.split("\n").filter(mine);
  // Those of a build tell it only in their stored options.
  if (engine instanceof Buildah) {
    for await (const { name } of Deno.readDir(engine.working)) {
      const path = join(engine.working, name, "userdata/buildah.json");
      const state = await Deno.readTextFile(path).catch(() => "");
      if (mine(/"CgroupParent":"[^"]*"/.exec(state)?.[0] ?? "")) {
        found.push(name);
      }
    }
  }
  return found;
}

/** Tags that a process has made and that are still there. */
export async function tagsOf(engine: Engine, pid: number): Promise<string[]> {
  const format = engine.name === "buildah"
    ? "{{.Name}}:{{.Tag}}"
    : "{{.Repository}}:{{.Tag}}";
  const listed = await retried(() =>
    run(engine.name, ["images", "--format", format])
  );
  return listed.split("\n").filter((tag) =>
    tag.includes("deno-small-image-") && tag.includes(`-${pid}-`)
  );
}

/** Processes and temporary folders that bear a name. */
export function traces(name: string): string[] {
  const folder = Deno.env.get("TMPDIR") || "/var/tmp";
  return [
    ...processes().filter((process) =>
      process.args.some((word) => word.includes(name)) ||
      rootOf(process.pid)?.includes(name)
    ).map((process) => process.args.join(" ")),
    ...[...Deno.readDirSync(folder)].map((entry) => entry.name)
      .filter((entry) => entry.includes(name)),
  ];
}
