/**
 * Instants as a clock on the wall shows them. The rules of all time zones are
 * in the Deno runtime; nothing is read from `/usr/share/zoneinfo`.
 *
 * @module
 */

/**
 * Tells the local time of an instant.
 *
 * @param instant In RFC 3339, such as `2026-07-01T12:00:00Z`.
 * @param zone In the names of IANA, such as `Asia/Kolkata`.
 * @returns Date, time and offset: `2026-07-01 17:30 GMT+05:30`.
 * @throws {RangeError} If either is none.
 */
export function localTime(instant: string, zone: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(instant)) {
    throw new RangeError(`Cannot parse instant "${instant}"`);
  }
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "longOffset",
  }).formatToParts(new Date(instant));
  const part = (wanted: string) =>
    parts.find(({ type }) => type === wanted)?.value;
  const date = [part("year"), part("month"), part("day")].join("-");
  return `${date} ${part("hour")}:${part("minute")} ${part("timeZoneName")}`;
}
