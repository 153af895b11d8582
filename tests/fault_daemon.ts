/**
 * A docker daemon of our own, with everything apart from the machine's, that may
 * be killed.
 *
 * @module
 */
import { join } from "node:path";
import { attempt, run, signalProcess } from "../scripts/lib/command.ts";
import { processes } from "../scripts/engine/processes.ts";

/** A daemon; disposing of it ends and removes it. */
export interface Daemon extends AsyncDisposable {
  /** What leads clients to it. */
  env: { DOCKER_HOST: string };
  /** Kills it; what it has started stays. */
  kill(): Promise<void>;
}

/** Why no daemon can be started here; `undefined` when one can. */
export async function noDaemon(): Promise<string | undefined> {
  if (Deno.uid() !== 0) return "a docker daemon of its own needs root";
  for (const command of ["dockerd", "ip"]) {
    const { code } = await attempt("sh", ["-c", `command -v ${command}`]);
    if (code !== 0) return `there is no ${command}`;
  }
}

/** Starts a daemon with a bridge of its own. */
export async function startDaemon(): Promise<Daemon> {
  const folder = await Deno.makeTempDir({ prefix: "fault-daemon-" });
  const bridge = `dsi${Deno.pid}`;
  const address = `172.31.${Deno.pid % 256}.1/24`;
  await run("ip", ["link", "add", "name", bridge, "type", "bridge"]);
  await run("ip", ["addr", "add", address, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
  const env = { DOCKER_HOST: `unix://${join(folder, "socket")}` };
  // deno-fmt-ignore
  const args = [
    "--host", env.DOCKER_HOST, "--pidfile", join(folder, "pid"),
    "--data-root", join(folder, "data"), "--exec-root", join(folder, "exec"),
    "--bridge", bridge, "--iptables=false", "--ip-masq=false",
    "--max-download-attempts", "1",
  ];
  const child = new Deno.Command("dockerd", {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const answers = async () => {
    for (let tries = 0; tries < 300; tries++) {
      if ((await attempt("docker", ["version"], { env })).code === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("The docker daemon does not answer");
  };
  await answers();
  let killed = false;
  const end = async (signal: Deno.Signal) => {
    if (!killed) child.kill(signal);
    killed = true;
    await child.status;
  };
  return {
    env,
    kill: () => end("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await end("SIGTERM");
      // One that was killed has left its helpers and its mounts.
      for (const { pid, args } of processes()) {
        if (args.some((word) => word.includes(folder))) {
          signalProcess(pid, "SIGKILL");
        }
      }
      const mounts = await Deno.readTextFile("/proc/self/mountinfo");
      const points = mounts.split("\n").map((line) => line.split(" ")[4] ?? "");
      for (const point of points.filter(isBelow).reverse()) {
        await attempt("umount", ["--lazy", point]);
      }
      await run("ip", ["link", "del", bridge]);
      await Deno.remove(folder, { recursive: true });
    },
  };

  function isBelow(path: string): boolean {
    return path.startsWith(`${folder}/`);
  }
}
