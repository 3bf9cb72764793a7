/** Numbers as people read them. Always the same text for the same number: no locale, no time zone but UTC. */

import { significant } from "./units.js";

export { amount, significant } from "./units.js";

const groups = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ",");

/** 1234567 → `1,234,567` */
export const countWords = (count: number | bigint): string =>
  typeof count === "bigint" || Number.isInteger(count) ? groups(count.toString()) : decimal(count, 1);

/** as an axis has it: no zeros at the end */
export const tick = (text: string): string => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

export const decimal = (value: number, digits: number): string => value.toFixed(digits);

/** 0.9237 → `92.4 %` */
export const percent = (fraction: number, digits = 1): string => `${(fraction * 100).toFixed(digits)} %`;

/** with three digits, for what may be very small: `17.2 %`, `0.040 %` */
export const finePercent = (fraction: number): string => `${significant(fraction * 100)} %`;

/** a share that is small but not nothing says so */
export const share = (fraction: number): string =>
  fraction > 0 && fraction < 0.005 ? "< 1 %" : `${(fraction * 100).toFixed(0)} %`;

/** `850 ms`, `42 s`, `6 min 12 s`, `1 h 03 min`, `2 d 4 h` */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 10) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** `2026-03-14 09:26 UTC` */
export const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${significant(bytes / 1000)} kB`;
  if (bytes < 999_500_000) return `${significant(bytes / 1e6)} MB`;
  return `${significant(bytes / 1e9)} GB`;
}

/** an exact integer in digits; beyond fifteen of them as `7.1 × 10²⁶` */
export function bigWords(digits: string): string {
  if (digits.length <= 15) return groups(digits);
  const tenths = Math.round(Number(digits.slice(0, 3)) / 10);
  const exponent = digits.length - 1 + (tenths === 100 ? 1 : 0);
  const mantissa = tenths === 100 ? "1.0" : `${Math.floor(tenths / 10)}.${tenths % 10}`;
  return `${mantissa} × 10${[...String(exponent)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countWords(count)} ${count === 1 ? one : many}`;

/** `"a", "b"`; after three, `and 7 more` */
export const quotedNames = (names: readonly string[]): string => {
  const some = names.slice(0, 3).map((name) => `"${name}"`);
  return `${some.join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
};

export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** `a`, `a and b`, `a, b and c`; after `most`, `and 7 more` */
export function listed(items: readonly string[], most = Number.POSITIVE_INFINITY): string {
  if (items.length > most) return `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}
