import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { containerName, isLeftover, isLeftoverTag, owner } from "./owner.ts";

/** A name as another owner makes it. */
function nameOf(other: string): string {
  return containerName().replace(owner(), other);
}

Deno.test("a container's name tells its owner, and no name comes twice", () => {
  const name = containerName();
  assert(name.startsWith(`deno-small-image-${owner()}-`));
  assertNotEquals(containerName(), name);
});

Deno.test("a name of this process is no leftover, one of a process that ended is", async () => {
  assertEquals(isLeftover(containerName()), false);
  const child = new Deno.Command("true").spawn();
  await child.status;
  const ended = owner().replace(`-${Deno.pid}-`, `-${child.pid}-`);
  assert(isLeftover(nameOf(ended)));
  assert(isLeftoverTag(`localhost/${nameOf(ended)}:test`));
});

Deno.test("a name is a leftover when the process id was given to another", () => {
  assert(isLeftover(nameOf(owner().replace(/\d+$/, "1"))));
});

Deno.test("names of other hosts and of unknown forms are left alone", () => {
  assertEquals(isLeftover(nameOf("otherhost-999999-1")), false);
  const gone = owner().replace(/\d+$/, "1");
  for (
    const name of ["", "web-1", "deno-small-image", "deno-small-image-x", gone]
  ) {
    assertEquals(isLeftover(name), false, name);
  }
});
