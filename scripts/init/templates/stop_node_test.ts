import { assertEquals } from "@std/assert";
import { startModule } from "../../../testing/start_module.ts";

Deno.test("on SIGTERM a server of node:http answers what is in flight, then ends with 0", async () => {
  await using started = await startModule(
    `import { createServer } from "node:http";
    createServer((_, response) => setTimeout(() => response.end("done"), 300))
      .listen(process.env.PORT);`,
    `${import.meta.dirname}/stop_node.ts`,
  );
  const answer = fetch(started.url);
  await new Promise((done) => setTimeout(done, 100));
  started.child.kill("SIGTERM");
  assertEquals(await (await answer).text(), "done");
  assertEquals((await started.child.status).code, 0);
});
