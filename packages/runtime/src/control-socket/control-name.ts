const pattern = /^([1-9]\d{0,9})(?:-[1-9]\d?)?$/;

/** The process in a control socket's name, `4242` or, for the second runtime that it serves, `4242-2`; undefined where it is no such name. */
export function processOf(name: string): number | undefined {
  const pid = pattern.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
