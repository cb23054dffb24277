/** `401`, or `2xx` for all of 200 to 299. */
export type StatusPattern = string;

export const isStatusPattern = (pattern: string): boolean => /^[1-5](?:\d\d|xx)$/i.test(pattern);

export const matchesStatus = (status: number, patterns: readonly StatusPattern[]): boolean => {
  const exact = String(status);
  const family = `${exact.charAt(0)}xx`;
  return patterns.some((pattern) => pattern === exact || pattern.toLowerCase() === family);
};
