export interface UsageErrorOptions extends ErrorOptions {
  /** Whether `capstan --help` would have told: the words of the command line were not understood. Default false. */
  readonly helpTells?: boolean;
}

/** The command was used wrongly: an unknown option, a module that is no provider, a configuration that cannot be read. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
  readonly helpTells: boolean;

  constructor(message: string, { helpTells = false, ...options }: UsageErrorOptions = {}) {
    super(message, options);
    this.helpTells = helpTells;
  }
}
