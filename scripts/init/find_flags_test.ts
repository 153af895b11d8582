import { assertEquals } from "@std/assert";
import { findFlags } from "./find_flags.ts";
import type { DenoConfig } from "./read_config.ts";
import { readCommand } from "./read_command.ts";

const config = (permissions: DenoConfig["permissions"]): DenoConfig => ({
  imports: {},
  tasks: {},
  permissions,
});

Deno.test("a task's flags come first, with what its set may read", () => {
  const sets = config({ web: { read: ["./static/", "/etc", "../up", "."] } });
  assertEquals(findFlags(sets, readCommand("deno run -P=web main.ts")), {
    flags: ["-P=web"],
    source: "its task",
    reads: ["static"],
  });
  const { reads } = findFlags(
    sets,
    readCommand("deno run --allow-read=./a,b/c main.ts"),
  );
  assertEquals(reads, ["a", "b/c"]);
});

Deno.test("without a task's flags a permission set is taken", () => {
  const flags = (sets: DenoConfig["permissions"]) =>
    findFlags(config(sets)).flags;
  assertEquals(flags({ test: {}, serve: {} }), ["-P=serve"]);
  assertEquals(flags({ default: {}, build: {} }), ["-P"]);
  assertEquals(flags({ only: {} }), ["-P=only"]);
});

Deno.test("with nothing to go by it is the least a server needs, never all", () => {
  const { flags, source } = findFlags(config({ a: {}, b: {} }));
  assertEquals(flags, ["--allow-net=0.0.0.0,127.0.0.1", "--allow-env=PORT"]);
  assertEquals(source.includes("nothing names"), true);
});
