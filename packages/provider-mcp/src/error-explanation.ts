import type { ErrorCode, ErrorVerdict, JsonObject } from '@capstan/provider';

/** What is known where an error is seen; it decides what the same error means. */
export interface ErrorScene {
  readonly transport: 'http' | 'stdio';
  /** The server, for people. */
  readonly where: string;
  /** The request carried the id of a session. */
  readonly hasSessionId: boolean;
  readonly era?: 'legacy' | 'modern' | undefined;
  /** No call is on its way yet: what fails now was asked for by nobody, so nothing of a call was sent. */
  readonly opening: boolean;
  /** Of a process, for people: see `showCommandLine`. */
  readonly commandLine?: string | undefined;
  /** What a process last said on its standard error, in a few words. */
  readonly lastWords?: string | undefined;
  /** The variable that holds the credential. */
  readonly authEnvVar?: string | undefined;
}

export interface ErrorExplanation {
  readonly code: ErrorCode;
  /** What happened, and where it helps, what to do: a clause that follows "… failed: ". */
  readonly what: string;
  readonly verdict: ErrorVerdict;
  readonly details?: JsonObject;
  /** The kept verdict on the server's protocol era is no longer to be trusted. */
  readonly eraDoubtful?: boolean;
}
