import { assertEquals } from "@std/assert";
import { parseChallenge } from "./parse_challenge.ts";

Deno.test("parseChallenge() reads what registries send", () => {
  assertEquals(
    parseChallenge(
      'Bearer realm="https://auth.example/token",service="registry, \\"x\\"", scope="repository:a/b:pull,push"',
    ),
    {
      scheme: "bearer",
      parameters: {
        realm: "https://auth.example/token",
        service: 'registry, "x"',
        scope: "repository:a/b:pull,push",
      },
    },
  );
  assertEquals(parseChallenge("Basic realm=x"), {
    scheme: "basic",
    parameters: { realm: "x" },
  });
  assertEquals(parseChallenge("Negotiate"), {
    scheme: "negotiate",
    parameters: {},
  });
  assertEquals(parseChallenge(""), undefined);
});
