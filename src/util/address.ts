/** whether a worker's address (`unix:/path`, `host:port`) stays on this machine: a Unix socket, or loopback */
export const isLocalAddress = (address: string): boolean =>
  address.startsWith("unix:") || /^(localhost|127(\.\d+){3}|\[::1\]):\d+$/.test(address);
