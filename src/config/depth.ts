/**
 * How deep a YAML text may nest at most, by its looks alone: brackets, marks (`- `, `? `, `key: `) on a line, indentation. The
 * parser recurses, and a stack that overflows inside it has taken the whole process down; so it never sees such a text.
 * Brackets and marks inside quotes count too: no config has a hundred of them on a line.
 */
export function nestsDeeply(text: string, limit: number): { readonly line: number; readonly column: number } | null {
  let brackets = 0;
  let line = 0;
  const indents: number[] = [];
  for (const content of text.split("\n")) {
    line++;
    let marks = 0;
    const indent = content.search(/[^ ]/);
    if (indent >= 0) {
      while (indents.length > 0 && indents[indents.length - 1] >= indent) indents.pop();
      indents.push(indent);
    }
    for (let at = 0; at < content.length; at++) {
      const char = content[at];
      if (char === "[" || char === "{") brackets++;
      else if (char === "]" || char === "}") brackets = Math.max(0, brackets - 1);
      // a mark inside brackets opens nothing that lasts
      else if (brackets === 0 && (char === "-" || char === "?" || char === ":") && /\s|^$/.test(content[at + 1] ?? ""))
        marks++;
      if (brackets + marks + indents.length > limit) return { line, column: at + 1 };
    }
  }
  return null;
}
