import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { freePort, isFree } from "./free_port.ts";

Deno.test("freePort() can be listened on and is given once", () => {
  const port = freePort();
  assertNotEquals(freePort(), port);
  assert(port < 32768, "outgoing connections use the ports above");
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  assertEquals(isFree(port), false);
  listener.close();
  assertEquals(isFree(port), true);
});
