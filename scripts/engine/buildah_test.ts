import { assertEquals, assertRejects } from "@std/assert";
import { locked } from "./buildah.ts";

Deno.test("locked() lets one work after the other, whatever fails", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const seen: string[] = [];
    const work = (name: string) =>
      locked(folder, async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(`${name} ends`);
        if (name === "b") throw new Error("b fails");
      });
    await Promise.all([
      work("a"),
      assertRejects(() => work("b"), Error, "b fails"),
      work("c"),
    ]);
    const pairs = [0, 2, 4].map((at) =>
      seen.slice(at, at + 2).map((line) => line.split(" ")[0])
    );
    assertEquals(pairs.map(([one, two]) => one === two), [true, true, true]);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
