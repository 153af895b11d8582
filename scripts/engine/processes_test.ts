import { assertEquals } from "@std/assert";
import { signalProcess } from "../lib/command.ts";
import {
  commandsLeft,
  descendants,
  processes,
  serviceOf,
} from "./processes.ts";

/** What `buildah run` looks like while the service runs. */
const TREE = [
  { pid: 1, parent: 0, args: ["init"] },
  { pid: 50, parent: 40, args: ["/hello"] },
  { pid: 10, parent: 1, args: ["buildah"] },
  { pid: 20, parent: 10, args: ["buildah-chroot-runtime"] },
  { pid: 40, parent: 20, args: ["buildah-chroot-exec"] },
  { pid: 60, parent: 50, args: ["/helper"] },
  { pid: 70, parent: 1, args: ["/hello"] },
];

Deno.test("serviceOf() is the first that is no wrapper, not its child", () => {
  assertEquals(serviceOf(TREE, 10), 50);
});

Deno.test("serviceOf() is nothing while the wrapper has not become the service", () => {
  const starting = TREE.filter(({ pid }) => pid !== 60).map((process) =>
    process.pid === 50 ? { ...process, args: ["buildah-chroot-exec"] } : process
  );
  assertEquals(serviceOf(starting, 10), undefined);
  assertEquals(serviceOf(TREE.slice(0, 1), 10), undefined);
});

Deno.test("serviceOf() leaves a zombie out", () => {
  const dying = TREE.map((process) =>
    process.pid === 50 ? { ...process, args: [] } : process
  );
  assertEquals(serviceOf(dying, 10), undefined);
});

Deno.test("descendants() come parents first, others not at all", () => {
  assertEquals(descendants(TREE, 20).map(({ pid }) => pid), [40, 50, 60]);
});

Deno.test("processes() knows this process and its child", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const found = descendants(processes(), Deno.pid)
    .find(({ pid }) => pid === child.pid);
  assertEquals(found?.parent, Deno.pid);
  signalProcess(child.pid, "SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
  signalProcess(child.pid, "SIGKILL");
});

const process = (pid: number, ...args: string[]) => ({ pid, parent: 1, args });

Deno.test("commandsLeft() finds engines that work for a run that is gone", () => {
  const all = [
    process(
      1,
      "/usr/bin/buildah",
      "run",
      "--isolation",
      "chroot",
      "gone",
      "--",
    ),
    process(2, "buildah", "bud", "--cgroup-parent", "gone", "/ctx"),
    process(3, "podman", "build", "--secret", "id=gone,src=/dev/null", "/ctx"),
    process(4, "docker", "create", "--label", "owner=gone", "x"),
    process(5, "buildah", "run", "alive", "--"),
    process(6, "grep", "gone"),
    process(7, "gone"),
    process(8),
    process(9, "docker", "build", "--tag", "localhost/gone:web", "/ctx"),
  ];
  assertEquals(
    commandsLeft(all, (name) => name === "gone").map(({ pid }) => pid),
    [1, 2, 3, 4, 9],
  );
});
