import { assertEquals } from "@std/assert";
import { file, symlink } from "../../testing/image.ts";
import { changedFields, changedValues } from "./compare.ts";

Deno.test("changedValues() tells what came, went and changed, by name", () => {
  const before = new Map([["same", 1], ["went", 0], ["other", 2]]);
  const after = new Map([["same", 1], ["came", 0], ["other", 3]]);
  assertEquals(changedValues(before, after), [
    { name: "came", after: 0 },
    { name: "other", before: 2, after: 3 },
    { name: "went", before: 0 },
  ]);
});

Deno.test("changedFields() names what differs, but for the time", () => {
  const a = file("a", 1, { capabilities: "01", mtime: 1 });
  const b = { ...a, mtime: 2 };
  assertEquals(changedFields(a, b), []);
  assertEquals(
    changedFields(a, file("a", 2, { uid: 1, mode: 0o600 })),
    ["content", "mode", "owner", "capabilities"],
  );
  assertEquals(changedFields(a, { ...a, capabilities: "02" }), [
    "capabilities",
  ]);
  const device = { ...a, type: "character-device" as const, device: "1:3" };
  assertEquals(changedFields(device, { ...device, device: "1:1" }), ["device"]);
  assertEquals(changedFields(symlink("a", "b"), symlink("a", "c")), ["link"]);
  // Of two types, the type says it all.
  assertEquals(
    changedFields({ ...symlink("a", "b"), mode: 0o644 }, file("a", 1)),
    ["type"],
  );
});
