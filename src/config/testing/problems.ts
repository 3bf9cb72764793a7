import { DanasError, DanasErrors } from "../../domain/errors.js";
import type { Settings } from "../../domain/settings.js";
import { parseYaml } from "../document.js";
import { type LoadOptions, settingsOf } from "../load.js";

export const nowhere: LoadOptions = { cwd: "/nowhere", env: { HOME: "/nowhere" }, skipData: true };

/** a config from a text, as if it stood in /nowhere/danas.yaml */
export function settingsFrom(text: string, options: Partial<LoadOptions> = {}): Settings {
  const { cwd, env, skipData = false } = { ...nowhere, ...options };
  return settingsOf(parseYaml(text, "danas.yaml"), `${cwd}/danas.yaml`, { cwd, env, skipData });
}

/** what a person is told, a line each: `CODE place message | hint` */
export function problemsOf(body: () => unknown): string[] {
  try {
    body();
    return [];
  } catch (error) {
    if (error instanceof DanasErrors) return error.errors.map(line);
    if (error instanceof DanasError) return [line(error)];
    throw error;
  }
}

function line({ code, place, message, hint }: DanasError): string {
  const at = place ? `${place.file}${place.line > 0 ? `:${place.line}:${place.column}` : ""} ` : "";
  return `${code} ${at}${message} | ${hint ?? ""}`;
}
