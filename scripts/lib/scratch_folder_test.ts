import { assert, assertEquals, assertRejects } from "@std/assert";
import { isMountedBelow, withScratch } from "./scratch_folder.ts";

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("withScratch() removes the folder with all that is in it", async () => {
  let folder = "";
  const result = await withScratch(async ({ TMPDIR }) => {
    folder = TMPDIR;
    await Deno.mkdir(`${folder}/deep/er`, { recursive: true });
    await Deno.writeTextFile(`${folder}/deep/er/file`, "x");
    return "done";
  });
  assertEquals(result, "done");
  assert(folder.includes("/deno-small-image-"));
  assertEquals(await exists(folder), false);
});

Deno.test("withScratch() removes the folder of what fails", async () => {
  let folder = "";
  await assertRejects(
    () =>
      withScratch(({ TMPDIR }) => {
        folder = TMPDIR;
        return Promise.reject(new Error("failed"));
      }),
    Error,
    "failed",
  );
  assert(folder !== "");
  assertEquals(await exists(folder), false);
});

Deno.test("isMountedBelow() sees mounts at and below a path, not beside it", () => {
  const mountinfo = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:5 / /var/tmp/a/mnt/rootfs/proc rw - proc proc rw
31 22 0:6 / /var/tmp/b rw - tmpfs tmpfs rw
`;
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/a"), true);
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/b"), true);
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/ab"), false);
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/c"), false);
});
