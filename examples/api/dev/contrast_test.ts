/**
 * Properties of the contrast, for any two colours. What they need has its own
 * `deno.json`: a package that the service's own names is in the binary.
 *
 * @module
 */
import { assert, integer, property } from "fast-check";
import { contrast } from "../contrast.ts";

const color = integer({ min: 0, max: 0xffffff })
  .map((number) => `#${number.toString(16).padStart(6, "0")}`);

Deno.test("the order of the colours does not matter", () => {
  assert(property(color, color, (a, b) => {
    return contrast(a, b).ratio === contrast(b, a).ratio;
  }));
});

Deno.test("it is 1 to 21, and what passes AAA passes AA", () => {
  assert(property(color, color, (a, b) => {
    const { ratio, passes } = contrast(a, b);
    return ratio >= 1 && ratio <= 21 && (passes.AA || !passes.AAA);
  }));
});
