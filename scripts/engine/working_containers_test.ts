import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { markIn, removeWorking } from "./working_containers.ts";

const state = (options: unknown) =>
  JSON.stringify({ CommonBuildOpts: options });

Deno.test("markIn() reads buildah's and podman's marks", () => {
  assertEquals(markIn(state({ CgroupParent: "a-1", Secrets: [] })), "a-1");
  assertEquals(
    markIn(state({ CgroupParent: "", Secrets: ["id=b-2,src=/dev/null"] })),
    "b-2",
  );
});

Deno.test("markIn() of a build without one is nothing", () => {
  assertEquals(markIn(state({ CgroupParent: "", Secrets: null })), undefined);
  assertEquals(markIn(state(null)), undefined);
  assertEquals(markIn("{}"), undefined);
});

Deno.test("removeWorking() takes what is chosen by name or mark, no more", async () => {
  const folder = await Deno.makeTempDir();
  const write = async (id: string, text: string) => {
    const path = `${folder}/${id}/userdata/buildah.json`;
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  };
  await write("1", state({ CgroupParent: "mine" }));
  await write("2", state({ CgroupParent: "another's" }));
  await write("3", "no JSON");
  const names = ["by-mark", "by-nothing", "unreadable", "no-state", "mine"];
  const listed = names.map((name, i) => ({ id: String(i + 1), name }));
  assertEquals(
    await removeWorking(
      listed,
      { folder, remove: ["true"] },
      (text) => text === "mine",
    ),
    ["by-mark", "mine"],
  );
  assertEquals(
    await removeWorking(listed, { folder, remove: ["false"] }, () => true),
    [],
  );
  await Deno.remove(folder, { recursive: true });
});
