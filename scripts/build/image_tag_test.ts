import { assertEquals } from "@std/assert";
import { imageTag } from "./image_tag.ts";

Deno.test("imageTag() is a valid name for any folder and variant", () => {
  assertEquals(
    [imageTag("/x/My Service", "scratch"), imageTag("/", "a.B_c")],
    ["localhost/my-service:scratch", "localhost/image:a-b-c"],
  );
});
