/**
 * `deploy/compose.yaml` for real: built, started, answering, healthy by the
 * image's own check, restricted as the file says, and stopped in time.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { chooseBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { freePort } from "../scripts/engine/free_port.ts";
import { messageOf } from "../scripts/lib/errors.ts";

const PROJECT = join(import.meta.dirname ?? ".", "..");
const MIB = 1 << 20;

async function run(command: string[], env: Record<string, string> = {}) {
  const { success, stdout, stderr } = await new Deno.Command(command[0], {
    args: command.slice(1),
    stdin: "null",
    env: { DOCKER_BUILDKIT: "1", COMPOSE_DOCKER_CLI_BUILD: "1", ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const output = decode(stdout);
  if (!success) {
    throw new Error(`${command.join(" ")}: ${decode(stderr)}${output}`);
  }
  return output.trim();
}

/** Compose as a plugin of docker, or as a command of its own. */
async function findCompose() {
  try {
    const engine = await findEngine({ engine: "docker" });
    for (const compose of [["docker", "compose"], ["docker-compose"]]) {
      const found = await run([...compose, "version"]).catch(() => "");
      if (found) return { engine, compose, why: "" };
    }
    return { compose: [], why: "there is no docker compose" };
  } catch (error) {
    return { compose: [], why: messageOf(error) };
  }
}

const { engine, compose, why } = await findCompose();
if (!engine) console.error(`skipped: deploy/compose.yaml: ${why}`);

async function until<T>(wanted: (value: T) => boolean, ask: () => Promise<T>) {
  for (let tries = 0; tries < 150; tries++) {
    const value = await ask().catch(() => undefined);
    if (value !== undefined && wanted(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`never got there: ${await ask()}`);
}

Deno.test({
  name: "deploy/compose.yaml builds, serves, keeps to its limits and stops",
  ignore: engine === undefined,
  async fn() {
    assert(engine);
    const { buildArgs } = await chooseBases({
      wanted: "packages",
      engine,
      defaults: { builder: "", runtime: "" },
      denoFlags: "--import-map offline/import_map.json --no-lock",
    });
    const here = await Deno.makeTempDir();
    const file = join(here, "compose.yaml");
    const text = await Deno.readTextFile(join(PROJECT, "deploy/compose.yaml"));
    await Deno.writeTextFile(
      file,
      text.replace("context: ..", `context: ${PROJECT}`)
        .replace("hello:layered", "compose-test-hello:layered"),
    );
    const port = freePort();
    const env = { PORT: String(port) };
    const project = [...compose, "-p", "compose-test", "-f", file];
    try {
      await run([
        ...project,
        "build",
        ...Object.entries(buildArgs).flatMap(([name, value]) => [
          "--build-arg",
          `${name}=${value}`,
        ]),
      ], env);
      await run([...project, "up", "-d", "--no-build"], env);
      const ask = async () => {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        return await response.text();
      };
      await until((text) => text.includes("<3"), ask);

      const id = await run([...project, "ps", "-q", "hello"], env);
      const inspect = async () =>
        JSON.parse(await run(["docker", "inspect", id]))[0];
      const { HostConfig } = await inspect();
      assertEquals(HostConfig.ReadonlyRootfs, true);
      assertEquals(HostConfig.Memory, 128 * MIB);
      assertEquals(HostConfig.PidsLimit, 64);
      assertEquals(HostConfig.CapDrop, ["ALL"]);
      assertStringIncludes(String(HostConfig.SecurityOpt), "no-new-privileges");
      await until(
        ({ State }) => State.Health.Status === "healthy",
        inspect,
      );

      await run([...project, "stop"], env);
      const { State } = await inspect();
      assertEquals([State.Status, State.ExitCode], ["exited", 0]);
    } finally {
      await run([...project, "down", "--volumes"], env).catch(() => {});
      await run(["docker", "rmi", "compose-test-hello:layered"]).catch(
        () => {},
      );
      await Deno.remove(here, { recursive: true });
    }
  },
});
