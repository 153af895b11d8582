import { assertEquals } from "@std/assert";
import { fakeEngine, serving } from "../../testing/fake_engine.ts";
import { checkHealth } from "./check_health.ts";
import { contractSchema } from "./contract_schema.ts";

/** Checks a health check with these exit codes. */
async function health(test: string[], beside: number, alone: number) {
  const commands: (string[] | undefined)[] = [];
  const engine = fakeEngine(({ entrypoint }) => {
    if (entrypoint) {
      commands.push(entrypoint);
      const died = Promise.resolve(alone);
      return { died, stop: () => died, destroy: () => {} };
    }
    const exec = (command: string[]) => (commands.push(command), beside);
    return { ...serving(() => new Response()), exec };
  });
  const contract = contractSchema.parse({
    requests: [{ path: "/", expect: {} }],
  });
  const target = { engine, image: "x", port: 8080, contract };
  await using container = await engine.run(target);
  const checks = await checkHealth(container, target, test);
  return { statuses: checks.map(({ status }) => status), checks, commands };
}

Deno.test("checkHealth() wants 0 beside the service and not 0 without it", async () => {
  const test = ["CMD", "/hello", "healthcheck"];
  const { statuses, commands } = await health(test, 0, 1);
  assertEquals(statuses, ["pass", "pass"]);
  assertEquals(commands, [test.slice(1), test.slice(1)]);
  assertEquals((await health(test, 1, 1)).statuses, ["fail", "pass"]);
  assertEquals((await health(test, 0, 0)).statuses, ["pass", "fail"]);
  assertEquals((await health(test, 1, 0)).checks.map(({ detail }) => detail), [
    "exit code 1: no",
    "exit code 0, though nothing serves",
  ]);
});

Deno.test("checkHealth() names a program that is not there, and a path that is another", async () => {
  const of = async (output: string, command: string) => {
    const engine = fakeEngine(({ entrypoint }) => ({
      ...serving(() => new Response()),
      ...entrypoint && { died: Promise.resolve(1) },
    }));
    const contract = contractSchema.parse({
      healthPath: "/livez",
      requests: [{ path: "/", expect: {} }],
    });
    const target = { engine, image: "x", port: 8080, contract };
    await using container = await engine.run(target);
    container.exec = () => Promise.resolve({ code: 1, output });
    const [well, ill] = await checkHealth(container, target, [
      "CMD-SHELL",
      command,
    ]);
    return [well.detail, ill.detail];
  };
  const said =
    'OCI runtime exec failed: exec: "/shopp": stat /shopp: no such file or directory';
  assertEquals(await of(said, "/shopp"), [
    "/shopp is not in the image: correct HEALTHCHECK in the Dockerfile",
    "its program is not in the image",
  ]);
  const other =
    "it asks /healthz, healthPath in contract.json is /livez: correct the one that is wrong";
  for (
    const [output, command] of [
      ["Unhealthy: GET /healthz on port 1: 404", "/shop healthcheck"],
      ["404", "curl -f http://localhost:3000/healthz || exit 1"],
    ]
  ) {
    assertEquals(
      (await of(output, command))[0],
      `exit code 1: ${output}; ${other}`,
    );
  }
  assertEquals(
    (await of("no", "wget http://localhost:3000/livez"))[0],
    "exit code 1: no",
  );
});

Deno.test("checkHealth() gives a line to the shell, and skips what is not there", async () => {
  const { commands } = await health(["CMD-SHELL", "curl -f x || exit 1"], 0, 1);
  assertEquals(commands[0], ["/bin/sh", "-c", "curl -f x || exit 1"]);
  for (const none of [[], ["NONE"]]) {
    const { statuses, checks } = await health(none, 0, 0);
    assertEquals(statuses, ["skip", "skip"]);
    assertEquals(checks[0].detail, "the image has no HEALTHCHECK");
  }
});
