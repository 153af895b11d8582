import { assertEquals } from "@std/assert";
import { imageTag, testStages } from "./build_variant.ts";

Deno.test("imageTag() is a valid name for any folder and variant", () => {
  assertEquals(
    [imageTag("/x/My Service", "scratch"), imageTag("/", "a.B_c")],
    ["localhost/my-service:scratch", "localhost/image:a-b-c"],
  );
});

Deno.test("testStages() finds the stages that are named after tests", () => {
  const dockerfile = `FROM a AS build-stage
from build-stage as run-test-stage
FROM b AS test
FROM c AS latest
FROM --platform=$BUILDPLATFORM d AS e2e.tests
# FROM x AS test-in-a-comment
FROM e`;
  assertEquals(testStages(dockerfile), ["run-test-stage", "test", "e2e.tests"]);
});
