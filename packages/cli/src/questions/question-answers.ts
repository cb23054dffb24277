import { CapstanError, type InputRequest, type InputResponse, type JsonObject } from '@capstan/provider';
import type { Output } from '../output.ts';
import { styleOf } from '../style.ts';
import { askForm } from './ask-form.ts';
import { askToVisit, pageToVisit } from './ask-to-visit.ts';
import { checkContent, formFields, isObject } from './form-field.ts';
import { messageOf } from './message-of.ts';
import { openPrompter, type Prompter } from './prompter.ts';
import type { PreparedAnswers } from './prepared-answers.ts';

export interface QuestionAnswersOptions extends PreparedAnswers {
  /** Who asks, as a person would recognise it. */
  readonly who: () => string;
  readonly output: Output;
  readonly color: boolean;
  /** Whether stdin is free for answers: nothing was read from it. */
  readonly mayAsk: boolean;
  readonly signal: AbortSignal;
}

/** Answers what upstreams ask, one question after the other: from `--answer` and `--root`, else by asking the person at the terminal. */
export interface QuestionAnswers {
  /** To be handed to a call as `onInputRequired`. */
  readonly answer: (request: InputRequest) => Promise<InputResponse>;
  /** What can be answered: `clientCapabilities` of a call. */
  readonly capabilities: JsonObject;
  /** While a person is asked nothing else should be written. */
  readonly isAsking: () => boolean;
}

export function questionAnswers(options: QuestionAnswersOptions): QuestionAnswers {
  const { answers, roots, who, output, signal, mayAsk } = options;
  const prepared = [...answers];
  let last: Promise<unknown> = Promise.resolve();
  let asking = false;
  const isInteractive = mayAsk && process.stdin.isTTY && process.stderr.isTTY;

  const answer = async (request: InputRequest): Promise<InputResponse> => {
    signal.throwIfAborted();
    if (request.kind === 'roots') return { roots };
    if (request.kind === 'sampling') {
      output.note(`${who()} asks for a model's answer (sampling). Declined: this command has no model.`);
      throw new CapstanError('NOT_SUPPORTED', 'The command line has no model to answer with.');
    }
    const { params } = request;
    const page = params['mode'] === 'url' ? pageToVisit(params) : undefined;
    if (params['mode'] === 'url' && page === undefined) {
      output.note(`${who()} asks to visit ${JSON.stringify(params['url'])}, which is no page of the web. Declined.`);
      return { action: 'decline' };
    }
    const next = prepared.shift();
    if (next !== undefined) return checked(params, next, options);
    if (isInteractive) {
      const dialogue = (prompter: Prompter): Promise<InputResponse> => {
        const style = styleOf(process.stderr, options.color);
        return page === undefined
          ? askForm(who(), params, prompter, style)
          : askToVisit(who(), page, params, prompter, style);
      };
      asking = true;
      try {
        return await atTerminal(dialogue, options);
      } finally {
        asking = false;
      }
    }
    const what = page === undefined ? `asks: ${messageOf(params)}` : `asks you to visit ${page.href}`;
    const form = page === undefined ? `'${exampleOf(params)}'` : 'accept';
    output.note(`${who()} ${what}\nDeclined: there is no terminal to ask at. In scripts: --answer ${form}`);
    return { action: 'decline' };
  };
  return {
    answer: (request) => {
      const answered = last.then(() => answer(request));
      last = answered.catch(() => {});
      return answered;
    },
    capabilities: { elicitation: { form: {}, url: {} }, ...(roots.length > 0 && { roots: {} }) },
    isAsking: () => asking,
  };
}

async function atTerminal(
  dialogue: (prompter: Prompter) => Promise<InputResponse>,
  { output, signal }: QuestionAnswersOptions,
): Promise<InputResponse> {
  output.clearProgress();
  using prompter = openPrompter({
    input: process.stdin,
    output: process.stderr,
    terminal: true,
    signal,
    // Where the command listens for it as everywhere else.
    onInterrupt: () => void process.emit('SIGINT', 'SIGINT'),
  });
  return await dialogue(prompter);
}

/** An answer from the command line, against the form that it is for. One that does not fit is not sent. */
function checked(params: JsonObject, prepared: JsonObject, { who, output }: QuestionAnswersOptions): InputResponse {
  const { action, content, ...rest } = prepared;
  const isRefusal = action === 'decline' || action === 'cancel';
  const isWhole = (isRefusal || action === 'accept') && Object.keys(rest).length === 0;
  if (isWhole && isRefusal) return { action };
  if (params['mode'] === 'url') return checkedVisit(params, isWhole, { who, output });
  const { requestedSchema: schema } = params;
  const given = isWhole ? (isObject(content) ? content : {}) : prepared;
  const { content: complete, problems } = checkContent(formFields(isObject(schema) ? schema : {}), given);
  if (problems.length === 0) return { action: 'accept', content: complete };
  output.note(`${who()} asks: ${messageOf(params)}\nThe --answer does not fit: ${problems.join('; ')}. Cancelled.`);
  return { action: 'cancel' };
}

/** To go on after a page has to be said outright: what was meant for a form is no yes to that. */
function checkedVisit(
  params: JsonObject,
  isAccepted: boolean,
  { who, output }: Pick<QuestionAnswersOptions, 'who' | 'output'>,
): InputResponse {
  const asks = `${who()} asks you to visit ${pageToVisit(params)?.href}`;
  output.note(isAccepted ? `${asks}\nAccepted by --answer.` : `${asks}\nThe --answer is for a form. Cancelled.`);
  return { action: isAccepted ? 'accept' : 'cancel' };
}

/** `{"city": …}`: what an answer could look like. */
function exampleOf({ requestedSchema: schema }: JsonObject): string {
  const fields = formFields(isObject(schema) ? schema : {});
  const needed = fields.filter(({ isRequired }) => isRequired);
  const shown = needed.length > 0 ? needed : fields;
  return `{${shown.map(({ name }) => `${JSON.stringify(name)}: …`).join(', ')}}`;
}
