import { assert, assertEquals } from "@std/assert";
import { Tail } from "./tail.ts";

Deno.test("Tail keeps a short text whole", () => {
  const tail = new Tail(10);
  tail.append("abc");
  tail.append("defghij");
  assertEquals(tail.toString(), "abcdefghij");
  assertEquals(tail.dropped, false);
});

Deno.test("Tail keeps the end of a long text, and says so", () => {
  const tail = new Tail(4);
  for (const letter of "abcdefghijklmnopqrstuvwxyz") tail.append(letter);
  assertEquals(tail.toString(), "…wxyz");
  tail.append("1");
  assertEquals(tail.toString(), "…xyz1");
  assert(tail.dropped);
});

Deno.test("Tail keeps the end of one huge piece", () => {
  const tail = new Tail(3);
  tail.append("x".repeat(1000) + "end");
  assertEquals(tail.toString(), "…end");
});
