import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** of danas, as package.json has it */
export const { version } = manifest;

/**
 * Whose decisions these are. A state that another danas folded is not gone on from: it may count otherwise; nor that of
 * another Node, whose Math.exp may differ in its last bit.
 */
export const logic = `danas ${version} on ${process.version}`;
