import type { InputResponse, JsonObject, JsonValue } from '@capstan/provider';
import { type Style, visible } from '../style.ts';
import { type FormField, formFields, isObject } from './form-field.ts';
import { messageOf } from './message-of.ts';
import type { Prompter } from './prompter.ts';
import { chooseAction, quoted } from './choose-action.ts';

const cancelled: InputResponse = { action: 'cancel' };

/** Has a person fill in the form of an upstream's question, field by field, and look at it before it is sent. */
export async function askForm(
  who: string,
  params: JsonObject,
  prompter: Prompter,
  { paint }: Pick<Style, 'paint'>,
): Promise<InputResponse> {
  const fields = formFields(isObject(params['requestedSchema']) ? params['requestedSchema'] : {});
  prompter.say(paint('bold', `${who} asks:`));
  prompter.say(quoted(messageOf(params)));
  const first = await chooseAction(prompter, 'Answer?', ['yes', 'decline', 'cancel'], 'yes');
  if (first !== 'yes') return { action: first === 'decline' ? 'decline' : 'cancel' };
  let content: Readonly<Record<string, JsonValue>> = {};
  for (;;) {
    const filled = await fillIn(fields, content, prompter);
    if (filled === undefined) return cancelled;
    content = filled;
    if (fields.length === 0) return { action: 'accept', content };
    for (const { name, title, kind } of fields) {
      const value = content[name];
      prompter.say(`  ${visible(title)}: ${value === undefined ? '(left out)' : visible(kind.show(value))}`);
    }
    const last = await chooseAction(prompter, 'Send?', ['yes', 'edit', 'decline', 'cancel'], 'yes');
    if (last === 'yes') return { action: 'accept', content };
    if (last !== 'edit') return { action: last === 'decline' ? 'decline' : 'cancel' };
  }
}

/** Undefined where the person ended the dialogue. `before` is what was written the last time. */
async function fillIn(
  fields: readonly FormField[],
  before: Readonly<Record<string, JsonValue>>,
  prompter: Prompter,
): Promise<Readonly<Record<string, JsonValue>> | undefined> {
  const entries: [string, JsonValue][] = [];
  for (const field of fields) {
    const answer = await askField(field, before[field.name] ?? field.defaultValue, prompter);
    if (answer === undefined) return undefined;
    if (answer.value !== undefined) entries.push([field.name, answer.value]);
  }
  return Object.fromEntries(entries);
}

/** Asks until the answer fits. An empty line takes the value in brackets, or leaves out what may be left out. */
async function askField(
  { title, description, isRequired, kind }: FormField,
  usual: JsonValue | undefined,
  prompter: Prompter,
): Promise<{ readonly value: JsonValue | undefined } | undefined> {
  const optional = isRequired || usual !== undefined ? '' : 'may be left out';
  const notes = [description, kind.hint, optional].filter((note) => note !== undefined && note !== '').join('; ');
  kind.choices.forEach(({ text, title: name }, index) => {
    prompter.say(visible(`  ${index + 1}  ${name}${name === text ? '' : ` (${text})`}`));
  });
  const suffix = usual === undefined ? '' : ` [${kind.show(usual)}]`;
  const question = visible(`  ${title}${notes === '' ? '' : ` (${notes})`}${suffix}: `.replaceAll(/\s*\n\s*/g, ' '));
  for (;;) {
    const line = await prompter.ask(question);
    if (line === undefined) return undefined;
    if (line === '' && (usual !== undefined || !isRequired)) return { value: usual };
    const read = line === '' ? { problem: 'is needed' } : kind.read(line);
    const problem = 'problem' in read ? read.problem : kind.problemOf(read.value);
    if (problem === undefined && 'value' in read) return read;
    prompter.say(visible(`    ${title} ${problem ?? 'does not fit'}.`));
  }
}
