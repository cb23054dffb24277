import { Composer, type Document, Lexer, LineCounter, type YAMLError } from 'yaml';
import { DocumentPlaces } from './document-places.ts';
import { DocumentReader } from './document-reader.ts';
import { NestingGuard } from './nesting-guard.ts';
import type { Complaint, Places, Report } from './problem-report.ts';
import { tooDeep } from './value-rules.ts';
import { TokenParser, type TokenType } from './token-parser.ts';
import { mayHoldSecret, yamlComplaint } from './yaml-complaint.ts';

/** Pieces that the lexer finds; 256 KiB of ordinary manifests have fewer, and time grows with them. */
const mostTokens = 100_000;
const mostDocuments = 1000;
/** Of one document; after so many it is not YAML with mistakes. */
const mostErrors = 100;
const longestShownLine = 400;

type ReportText = (start: number, end: number, complaint: Complaint) => void;

/** What one document holds, rid of YAML, and where in the file it stands. */
export interface ParsedDocument {
  readonly value: unknown;
  readonly places: Places;
}

/** Parses a text as YAML 1.2. Documents that are empty or have an error in their YAML are left out; the others are not. */
export function parseDocuments(file: string, text: string, report: Report): readonly ParsedDocument[] {
  const lines = new LineCounter();
  const at: ReportText = (start, end, complaint) =>
    report(() => new DocumentPlaces(file, text, lines, null, 0).at(start, end), complaint);
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/.exec(text);
  if (control !== null) {
    countLines(text, lines);
    at(control.index, control.index, {
      message: 'The file holds a control character',
      remedy: 'Save it as plain text.',
    });
    return [];
  }
  const documents: ParsedDocument[] = [];
  for (const document of composeDocuments(text, lines, at)) {
    const found = [...document.errors, ...document.warnings].slice(0, mostErrors);
    for (const error of found) at(...offendingLine(text, error), { ...yamlComplaint(error), ...shown(text, error) });
    if (found.length === 0 && document.contents !== null) {
      const parsed = readDocument(file, text, lines, document, report);
      if (parsed !== undefined) documents.push(parsed);
    }
  }
  return documents;
}

/** The documents of a text, up to the first place where it goes past a bound. */
function composeDocuments(text: string, lines: LineCounter, at: ReportText): readonly Document.Parsed[] {
  const parser = new TokenParser(lines.addNewLine);
  const composer = new Composer({ version: '1.2', schema: 'core', prettyErrors: false, uniqueKeys: false });
  const guard = new NestingGuard();
  const documents: Document.Parsed[] = [];
  let tokens = 0;
  try {
    for (const token of new Lexer().lex(text)) {
      const type = parser.typeOf(token);
      tokens++;
      const complaint = guard.accepts(type, parser.column) ? pastBound(token, type, tokens, documents.length) : tooDeep;
      if (complaint !== undefined) {
        at(parser.offset, parser.offset, complaint);
        return documents;
      }
      for (const node of parser.next(token, type)) documents.push(...composer.next(node));
    }
    for (const node of parser.end()) documents.push(...composer.next(node));
    documents.push(...composer.end());
  } catch {
    // No text is known that makes yaml throw; one that does must not take the other files along.
    at(parser.offset, parser.offset, {
      message: 'This cannot be read as YAML',
      remedy: 'Simplify what stands before it.',
    });
  }
  return documents;
}

function pastBound(token: string, type: TokenType, tokens: number, documents: number): Complaint | undefined {
  const remedy = 'Split it into several files.';
  if (tokens > mostTokens) return { message: 'The file has too many parts from here on', remedy };
  if (documents > mostDocuments) return { message: `The file has more than ${mostDocuments} documents`, remedy };
  if (type !== 'directive-line' || token.trim() === '%YAML 1.2') return undefined;
  return { message: 'Manifests are YAML 1.2 without directives', remedy: 'Delete the line that starts with %.' };
}

function readDocument(
  file: string,
  text: string,
  lines: LineCounter,
  document: Document.Parsed,
  report: Report,
): ParsedDocument | undefined {
  const places = new DocumentPlaces(file, text, lines, document.contents, document.range[0]);
  let hasErrors = false;
  const value = new DocumentReader(places, (place, complaint) => {
    hasErrors = true;
    report(place, complaint);
  }).read(document.contents);
  return hasErrors || value === null ? undefined : { value, places };
}

function offendingLine(text: string, error: YAMLError): [start: number, end: number] {
  const start = Math.min(error.pos[0], text.length);
  const lineEnd = text.indexOf('\n', start);
  return [start, lineEnd < 0 ? text.length : lineEnd];
}

/** What to show of a syntax error: its line, unless that could hold a credential. */
function shown(text: string, error: YAMLError): Pick<Complaint, 'seen'> {
  const [start, end] = offendingLine(text, error);
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  if (end - lineStart > longestShownLine) return { seen: false };
  const line = text.slice(lineStart, end);
  return mayHoldSecret(line) || line.trim() === '' ? { seen: false } : { seen: line };
}

function countLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0);
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) lines.addNewLine(index + 1);
}
