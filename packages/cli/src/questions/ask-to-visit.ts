import type { InputResponse, JsonObject } from '@capstan/provider';
import type { Style } from '../style.ts';
import { chooseAction, quoted } from './choose-action.ts';
import { messageOf } from './message-of.ts';
import type { Prompter } from './prompter.ts';

/** The address that an upstream wants visited, in ASCII so that no look-alike letter hides. Undefined: it is no page of the web. */
export function pageToVisit({ url }: JsonObject): URL | undefined {
  const page = typeof url === 'string' ? URL.parse(url) : null;
  return page !== null && (page.protocol === 'https:' || page.protocol === 'http:') ? page : undefined;
}

/** Shows a person the page that an upstream wants visited. It is never opened from here: that is for the person to decide. */
export async function askToVisit(
  who: string,
  page: URL,
  params: JsonObject,
  prompter: Prompter,
  { paint }: Pick<Style, 'paint'>,
): Promise<InputResponse> {
  prompter.say(paint('bold', `${who} asks you to visit a page of ${page.host}:`));
  prompter.say(quoted(messageOf(params)));
  prompter.say(`  ${page.href}`);
  prompter.say(
    'It is not opened for you. Open it if you trust who asks and where it leads; what you do there is not seen here.',
  );
  const action = await chooseAction(prompter, 'Go on?', ['yes', 'decline', 'cancel']);
  return { action: action === 'yes' ? 'accept' : action };
}
