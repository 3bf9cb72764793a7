import type { Story } from "../story/story.js";

/** The story as JSON, one line for each of its parts. */
export const renderJson = (story: Story): string =>
  `{\n${Object.entries(story)
    .map(([name, part]) => `  ${JSON.stringify(name)}: ${JSON.stringify(part)}`)
    .join(",\n")}\n}\n`;
