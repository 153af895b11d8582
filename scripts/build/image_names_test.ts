import { assertEquals } from "@std/assert";
import { imageTag, isImageName } from "./image_names.ts";

Deno.test("imageTag() is a valid name for any folder and variant", () => {
  assertEquals(
    [imageTag("/x/My Service", "scratch"), imageTag("/", "a.B_c")],
    ["localhost/my-service:scratch", "localhost/image:a-b-c"],
  );
});

Deno.test("imageTag() takes a name that is given, with the variant where there are several", () => {
  const given = (name: string, several: boolean) =>
    imageTag("/x", "scratch", { name, several });
  assertEquals(given("hello", false), "hello:latest");
  assertEquals(
    given("r.example:5000/a/hello:1.2", false),
    "r.example:5000/a/hello:1.2",
  );
  assertEquals(
    given("r.example:5000/a/hello", true),
    "r.example:5000/a/hello:scratch",
  );
  assertEquals(given("hello:1.2", true), "hello:1.2-scratch");
});

Deno.test("isImageName() follows the grammar of image names", () => {
  for (
    const name of ["a", "a/b:c", "localhost:5000/a", "r.example/a_b/c.d:1.0-x"]
  ) {
    assertEquals(isImageName(name), true, name);
  }
  for (
    const name of ["", "A", "a b", "a:", "a:b:c", "/a", "a//b", "a@sha256:0"]
  ) {
    assertEquals(isImageName(name), false, name);
  }
});
