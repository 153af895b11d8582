import { assertEquals } from "@std/assert";
import { condenseLog, errorOf } from "./log_excerpt.ts";

const STACK = `error: Uncaught (in promise) Error: no database
    throw new Error("no database");
          ^
    at file:///app/main.ts:3:7
    at eventLoopTick (ext:core/01_core.js:218:9)
`;

Deno.test("condenseLog() leaves short logs alone and cuts long ones", () => {
  assertEquals(condenseLog("a\na\nb\n"), "a\na\nb");
  assertEquals(condenseLog(""), "");
  const letters = [..."abcdefghij"];
  assertEquals(
    condenseLog(letters.join("\n"), 4),
    "a\nb\n… (6 more lines)\ni\nj",
  );
  assertEquals(condenseLog("x".repeat(9999)).length, 501);
});

Deno.test("errorOf() finds an error's own message, not the end of its stack", () => {
  assertEquals(errorOf(`Listening\n${STACK}`), "Error: no database");
  assertEquals(
    errorOf(
      'error: Uncaught (in promise) NotCapable: Requires env access to "PORT"\n    at x (y:1:1)\n',
    ),
    'NotCapable: Requires env access to "PORT"',
  );
  assertEquals(
    errorOf(
      "TypeError: x is not a function\n    at Object.<anonymous> (/a.js:1:1)\n\nNode.js v22\n",
    ),
    "TypeError: x is not a function",
  );
  assertEquals(errorOf("sh: 1: deno: not found\n"), "sh: 1: deno: not found");
  assertEquals(errorOf("first\nlast\n    at x (y:1:1)\n"), "last");
  assertEquals(errorOf("\n"), undefined);
  assertEquals(
    errorOf(
      "#\n# Fatal JavaScript out of memory: Reached heap limit\n#\n\n    deno(+0x4) [0x5]\n",
    ),
    "Fatal JavaScript out of memory: Reached heap limit",
  );
});
