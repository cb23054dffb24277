import type { YAMLError } from 'yaml';
import type { Complaint } from './problem-report.ts';

const quotes = 'Put the text in quotes, or correct the line.';
const indentation = 'Indent the lines of one map or list equally, with spaces.';

const complaints: Partial<Record<YAMLError['code'], Pick<Complaint, 'message' | 'remedy'>>> = {
  ALIAS_PROPS: { message: 'An alias cannot have an anchor or a tag', remedy: 'Delete what stands before the alias.' },
  BAD_ALIAS: { message: 'The name of an anchor or alias is not valid', remedy: 'Use letters and digits.' },
  BAD_COLLECTION_TYPE: { message: 'The tag does not fit the value', remedy: 'Delete the tag.' },
  BAD_DIRECTIVE: {
    message: 'The directive is not valid',
    remedy: 'Delete the line; manifests are YAML 1.2 without directives.',
  },
  BAD_DQ_ESCAPE: {
    message: 'Unknown escape in double quotes',
    remedy: 'Write \\\\ for a backslash, or use single quotes.',
  },
  BAD_INDENT: { message: 'The indentation does not fit the lines around it', remedy: indentation },
  BAD_SCALAR_START: { message: 'A text cannot start with this character', remedy: quotes },
  BLOCK_AS_IMPLICIT_KEY: { message: 'A key follows a key on one line', remedy: quotes },
  BLOCK_IN_FLOW: { message: 'A map or list by indentation stands inside brackets', remedy: 'Write it with brackets.' },
  KEY_OVER_1024_CHARS: { message: 'The key is too long', remedy: 'Shorten it.' },
  MISSING_CHAR: {
    message: 'A closing bracket, quote, comma or space is missing',
    remedy: 'Close what was opened before this place.',
  },
  MULTILINE_IMPLICIT_KEY: { message: 'A key runs over several lines', remedy: quotes },
  NON_STRING_KEY: { message: 'A key must be plain text', remedy: 'Write the key as one word followed by a colon.' },
  RESOURCE_EXHAUSTION: { message: 'The document needs more than a manifest may', remedy: 'Flatten or split it.' },
  TAB_AS_INDENT: { message: 'A tab is used as indentation', remedy: indentation },
  TAG_RESOLVE_FAILED: {
    message: 'The tag is unknown or does not fit the value',
    remedy: 'Delete the tag; manifests hold plain values.',
  },
  UNEXPECTED_TOKEN: { message: 'This is not expected here', remedy: quotes },
};

/** Says in our words what the YAML parser found, by its code: its own messages quote the text, which may hold a secret. */
export function yamlComplaint(error: YAMLError): Complaint {
  return complaints[error.code] ?? { message: 'This is not valid YAML', remedy: 'Correct the line.' };
}

/** Whether a line may hold a credential that has no telling shape, so that nothing of it should be repeated. */
export function mayHoldSecret(line: string): boolean {
  return /token|secret|passw|credential|bearer|authorization|api_?-?key|private_?key|cookie/i.test(line);
}
