/** Imports a package that this folder installs. The caller says which part of it is used: its types are not there before the measurement ran. */
export async function importPeer<Part>(name: string): Promise<Part> {
  return (await import(name)) as Part;
}
