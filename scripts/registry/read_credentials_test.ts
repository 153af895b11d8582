import { assertEquals } from "@std/assert";
import { readCredentials } from "./read_credentials.ts";

Deno.test("readCredentials() finds what docker login keeps", async () => {
  const file = await Deno.makeTempFile();
  try {
    const auths = {
      "a.example:5000": { auth: "YQ==" },
      "https://b.example": { auth: "Yg==" },
      "https://index.docker.io/v1/": { auth: "Yw==" },
      "helped.example": {},
    };
    await Deno.writeTextFile(file, JSON.stringify({ auths, other: 1 }));
    const of = await readCredentials(file);
    assertEquals(
      ["a.example:5000", "b.example", "registry-1.docker.io"].map(of),
      ["YQ==", "Yg==", "Yw=="],
    );
    for (const none of ["helped.example", "a.example", "constructor"]) {
      assertEquals(of(none), undefined, none);
    }
    await Deno.writeTextFile(file, "{");
    assertEquals((await readCredentials(file))("a.example:5000"), undefined);
  } finally {
    await Deno.remove(file);
  }
  assertEquals((await readCredentials(file))("a.example:5000"), undefined);
});
