import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { containerName, isGone, isLeftover, owner, ownerOf } from "./owner.ts";

Deno.test("a container's name tells its owner, and no name comes twice", () => {
  const name = containerName();
  assertEquals(ownerOf(name), owner());
  assertNotEquals(containerName(), name);
});

Deno.test("ownerOf() of another's name is nobody", () => {
  for (const name of ["web-1", "deno-small-image", "deno-small-image-x"]) {
    assertEquals(ownerOf(name), undefined);
  }
});

Deno.test("isGone() of this process is false, of one that ended true", async () => {
  assertEquals(isGone(owner()), false);
  const child = new Deno.Command("true").spawn();
  await child.status;
  assert(isGone(owner().replace(`-${Deno.pid}-`, `-${child.pid}-`)));
});

Deno.test("isGone() is true when the process id was given to another", () => {
  assert(isGone(owner().replace(/\d+$/, "1")));
});

Deno.test("isGone() leaves other hosts and unknown forms alone", () => {
  assertEquals(isGone("otherhost-999999-1"), false);
  assertEquals(isGone(""), false);
  assertEquals(isGone("999999"), false);
});

Deno.test("isLeftover() is true only for names of ours whose owner is gone", () => {
  const name = containerName();
  assertEquals(isLeftover(name), false);
  assertEquals(isLeftover("web-1"), false);
  assert(isLeftover(name.replace(owner(), owner().replace(/\d+$/, "1"))));
});
