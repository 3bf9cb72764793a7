import { DanasError, DanasErrors } from "../domain/errors.js";
import { diskTrouble } from "../util/disk.js";
import type { Colors } from "./io.js";

/** at most so many at once: the first ones explain the rest */
const mostShown = 20;

/** `CODE  file:line:column  message` and a line with a way on; our own mistakes with their stack. */
export function renderFailure(failed: unknown, colors: Colors): string {
  const error = asProblem(failed);
  if (error instanceof DanasErrors) {
    const shown = error.errors.slice(0, mostShown).map((one) => renderProblem(one, colors));
    const more = error.errors.length - shown.length;
    return shown.join("") + (more > 0 ? `and ${more} more\n` : "");
  }
  if (error instanceof DanasError) return renderProblem(error, colors);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${colors.red("E_INTERNAL")}  this is a mistake in danas, not yours\n${stack}\n  ${colors.dim("hint:")} please report it with the lines above; danas ${nodeWords()}\n`;
}

const nodeWords = () => `on Node ${process.version}, ${process.platform} ${process.arch}`;

function renderProblem({ code, place, message, hint }: DanasError, colors: Colors): string {
  // a place without a line is a name: `--set budget.maxMacs`
  const at = place ? `${place.line > 0 ? `${place.file}:${place.line}:${place.column}` : place.file}  ` : "";
  return `${colors.red(code)}  ${colors.bold(at)}${message}\n${hint ? `  ${colors.dim("hint:")} ${hint}\n` : ""}`;
}

/** what the system says of disks and files is nobody's mistake, and ends once there is room */
function asProblem(error: unknown): unknown {
  const trouble = error instanceof DanasError ? null : diskTrouble(error);
  if (trouble === null) return error;
  return new DanasError("E_DISK", trouble, {
    hint: "make room, or mend the rights; then `danas resume`, or the same command once more: nothing is lost",
    exitCode: 75,
  });
}

export function exitCodeOf(failed: unknown): number {
  const error = asProblem(failed);
  if (error instanceof DanasErrors) return Math.max(...error.errors.map(({ exitCode }) => exitCode));
  return error instanceof DanasError ? error.exitCode : 1;
}
