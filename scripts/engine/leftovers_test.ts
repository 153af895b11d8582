import { assertEquals } from "@std/assert";
import { commandsLeft } from "./leftovers.ts";

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
  assertEquals(commandsLeft(all, (name) => name === "gone"), [1, 2, 3, 4, 9]);
});
