import { assertEquals } from "@std/assert";
import { owner } from "../lib/owner.ts";
import { podmanFacts, probeArgs } from "./podman.ts";

Deno.test("podmanFacts() reads the version and the control groups", () => {
  const info = (cgroupControllers: string[]) =>
    JSON.stringify({
      host: { cgroupControllers },
      store: { graphRoot: "/var/lib/x", graphDriverName: "overlay" },
      version: { Version: "4.3.1" },
    });
  assertEquals(podmanFacts(info(["cpu", "memory", "pids"])), {
    version: "4.3.1",
    working: "/var/lib/x/overlay-containers",
    cannot: {},
  });
  assertEquals(
    Object.keys(podmanFacts(info([])).cannot),
    ["memoryBytes", "pids"],
  );
});

Deno.test("probeArgs() runs the host's own program without a network", () => {
  assertEquals(probeArgs("/tmp/root", ["/usr"], "c-1"), [
    "run",
    "--rm",
    "--name",
    "c-1",
    "--label",
    `deno-small-image.owner=${owner()}`,
    "--network",
    "none",
    "-v",
    "/usr:/usr:ro",
    "--rootfs",
    "/tmp/root",
    "/bin/true",
  ]);
});
