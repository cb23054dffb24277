/** Why a version of Node.js is of no use, by `engines.node` of our package (`>=22.19`); undefined where it is. */
export function nodeProblem(running: string, wanted: string): string | undefined {
  const needed = numbers(wanted);
  const had = numbers(running);
  const differs = needed.findIndex((number, index) => number !== (had[index] ?? 0));
  if (differs === -1 || (had[differs] ?? 0) > (needed[differs] ?? 0)) return undefined;
  return `This is Node.js ${running}, and Capstan needs ${needed.join('.')} or newer.`;
}

function numbers(version: string): readonly number[] {
  return (version.match(/\d+/g) ?? []).map(Number);
}
