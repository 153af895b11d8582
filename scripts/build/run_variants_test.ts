import { assertEquals, assertRejects } from "@std/assert";
import { memoryNotes, sideBySide } from "./run_variants.ts";

Deno.test("sideBySide() keeps the order and the number at once", async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const waits = [3, 1, 2, 0, 1].map((ticks, index) => async () => {
    begun.push(index);
    most = Math.max(most, ++running);
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    running--;
  });
  await sideBySide(2, waits);
  assertEquals(begun, [0, 1, 2, 3, 4]);
  assertEquals([most, running], [2, 0]);
  await sideBySide(2, []);
});

Deno.test("sideBySide() begins nothing more after a failure, and ends what runs", async () => {
  let ended = 0;
  let begun = 0;
  const slow = async () => {
    begun++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    ended++;
  };
  const fails = () => Promise.reject(new Error("first"));
  await assertRejects(
    () => sideBySide(2, [slow, fails, slow, slow]),
    Error,
    "first",
  );
  assertEquals([begun, ended], [1, 1]);
});

Deno.test("memoryNotes() tells a service that keeps something of each request", () => {
  const contract = { burst: { requests: 4000, connections: 32 } };
  const of = (idle: number, loaded: number) =>
    memoryNotes({ idle, loaded }, contract);
  assertEquals(of(52e6, 976e6), [
    "memory: 52 MB when idle, 976 MB after a burst of 4000 requests: it seems to keep something of each",
  ]);
  assertEquals([...of(20e6, 80e6), ...of(100e6, 180e6)], []);
  assertEquals(memoryNotes(undefined, contract).length, 1);
});
