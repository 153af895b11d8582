import { assertEquals } from "@std/assert";
import { testStages } from "./build_variant.ts";

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
