/** Where the control sockets of one user's processes are, on one kind of system. */
export interface ControlPlace {
  /** The folder, or what the names of the pipes begin with: for messages. */
  readonly path: string;
  addressOf(name: string): string;
  /** Makes it where it is missing. Rejects with `FORBIDDEN` where others could get at it. */
  prepare(): Promise<void>;
  /** Names of sockets that are there, in use or left behind. Rejects with `FORBIDDEN` where others could have put them there. */
  names(): Promise<readonly string[]>;
  /** Keeps everybody else from a socket just opened. */
  restrict(name: string): Promise<void>;
  /** Takes away what a socket leaves behind; nothing where nothing is left. */
  remove(name: string): void;
}
