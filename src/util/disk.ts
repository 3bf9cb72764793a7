const troubles: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk can only be read",
  EFBIG: "the file would be larger than is allowed here",
  EIO: "the disk does not answer as it should",
  EACCES: "it may not be written or read",
  EPERM: "it may not be written or read",
  EMFILE: "too many files are open",
};

/** What is the matter with a disk, folder or file, where that is what the error says; null = it is another error. */
export function diskTrouble(error: unknown): string | null {
  const { code, path } = (error ?? {}) as { code?: unknown; path?: unknown };
  if (!(error instanceof Error) || typeof code !== "string" || !Object.hasOwn(troubles, code)) return null;
  return typeof path === "string" ? `${path}: ${troubles[code]}` : troubles[code];
}
