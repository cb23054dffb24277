import type { JsonObject, JsonValue } from '@capstan/provider';
import type { Cancellation, Egress, EgressStream } from '../egress.ts';
import { matchesStatus, type StatusPattern } from '../status-pattern.ts';
import { renewalTime } from '../renewal-time.ts';
import { announcedExpiry } from './announced-expiry.ts';
import { keepsCookies } from './check-login-definition.ts';
import { dottedValue } from './dotted-value.ts';
import { isSendable, LoginCredentials, type LoginGrant } from './login-credentials.ts';
import type { FollowUpRequest, LoginDefinition } from './login-definition.ts';
import { loginIncomplete, loginRefused, type LoginStep } from './login-failure.ts';
import { openOriginCookies } from './origin-cookies.ts';
import { leadsTo } from './presented-login.ts';

/** Values of the login's fields. Secrets: used for one login, never kept. In a form, what is no text is written as JSON. */
export type LoginFields = Readonly<Record<string, JsonValue>>;

interface LoginContext {
  readonly egress: Pick<Egress, 'request'>;
  readonly definition: LoginDefinition;
  readonly signal: Cancellation | undefined;
}

interface Body {
  readonly type: string;
  readonly text: string;
}

const maxAnswerBytes = 1024 * 1024;
const anySuccess: readonly StatusPattern[] = ['2xx'];

/** Logs in from nothing: a CSRF token if the login needs one, the login, and the CSRF token of the session. */
export const logIn = async (context: LoginContext, fields: LoginFields): Promise<LoginCredentials> => {
  const { definition } = context;
  const { login, csrf, expired } = definition;
  const cookies = keepsCookies(definition) ? await openOriginCookies(login.url) : undefined;
  let credentials = new LoginCredentials(definition, cookies);
  if (csrf?.beforeLogin === true) credentials = await fetchCsrfToken(context, credentials);
  const method = login.method ?? 'POST';
  const body = login.body === 'form' ? formBody(fields) : jsonBody(fields);
  const answer = await send(context, credentials, login.url, method, body);
  if (!matchesStatus(answer.status, login.successStatus ?? anySuccess) || leadsTo(answer, login.url, expired?.location))
    throw refusedBy('login', login.url, answer);
  credentials = credentials.withGrant(await readGrant('login', definition, login.url, answer));
  if (cookies !== undefined && definition.token === undefined && !credentials.hasCookies())
    throw loginIncomplete('login', login.url, answer.status, 'it set no cookie');
  if (csrf === undefined) return credentials;
  if (csrf.url !== undefined) return fetchCsrfToken(context, credentials);
  return withCsrfToken('login', credentials, login.url, csrf, answer);
};

/** Asks for a CSRF token. Credentials without `csrf.url` have none to ask for and come back as they are. */
export const fetchCsrfToken = async (
  context: LoginContext,
  credentials: LoginCredentials,
): Promise<LoginCredentials> => {
  const { csrf, expired } = context.definition;
  if (csrf?.url === undefined) return credentials;
  const answer = await send(context, credentials, csrf.url, 'GET');
  if (!matchesStatus(answer.status, anySuccess) || leadsTo(answer, csrf.url, expired?.location))
    throw refusedBy('CSRF', csrf.url, answer);
  answer.cancel();
  return withCsrfToken('CSRF', credentials, csrf.url, csrf, answer);
};

export const refreshLogin = async (
  context: LoginContext,
  credentials: LoginCredentials,
  refresh: FollowUpRequest,
): Promise<LoginCredentials> => {
  const { definition } = context;
  const answer = await sendFollowUp(context, credentials, refresh);
  if (!matchesStatus(answer.status, anySuccess)) throw refusedBy('refresh', refresh.url, answer);
  return credentials.withGrant(await readGrant('refresh', definition, refresh.url, answer));
};

/** Resolves where the upstream confirmed the end, or knows the session no more. */
export const logOut = async (
  context: LoginContext,
  credentials: LoginCredentials,
  logout: FollowUpRequest,
): Promise<void> => {
  const answer = await sendFollowUp(context, credentials, logout);
  answer.cancel();
  if (!matchesStatus(answer.status, ['2xx', '302', '303', '401'])) throw refusedBy('logout', logout.url, answer);
};

const sendFollowUp = (context: LoginContext, credentials: LoginCredentials, call: FollowUpRequest) => {
  const body = call.body === undefined ? undefined : jsonBody(call.body(credentials.token));
  return send(context, credentials, call.url, call.method ?? 'POST', body);
};

const send = async (
  { egress, definition, signal }: LoginContext,
  credentials: LoginCredentials,
  url: URL,
  method: string,
  body?: Body,
): Promise<EgressStream> => {
  const answer = await egress.request({
    url,
    trust: 'declared',
    method,
    headers: {
      accept: 'application/json',
      ...lowerCased(definition.headers ?? {}),
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...credentials.headers(url, method),
    },
    ...(body === undefined ? {} : { body: body.text }),
    redirect: 'none',
    maxBytes: maxAnswerBytes,
    ...(signal === undefined ? {} : { signal }),
    allowInsecure: definition.allowInsecure ?? false,
  });
  credentials.takeCookies(answer);
  return answer;
};

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const jsonBody = (value: JsonObject): Body => ({ type: 'application/json', text: JSON.stringify(value) });

const formBody = (fields: LoginFields): Body => ({
  type: 'application/x-www-form-urlencoded',
  text: new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ).toString(),
});

const refusedBy = (step: LoginStep, url: URL, answer: EgressStream) => {
  answer.cancel();
  return loginRefused(step, url, answer);
};

const readGrant = async (
  step: LoginStep,
  { token: rule, expires }: LoginDefinition,
  url: URL,
  answer: EgressStream,
): Promise<LoginGrant> => {
  const readsBody = rule?.path !== undefined || expires !== undefined;
  if (!readsBody) answer.cancel();
  const json = readsBody ? parsed(await answer.text()) : undefined;
  const found =
    rule?.path === undefined ? answer.headers[rule?.header?.toLowerCase() ?? ''] : dottedValue(json, rule.path);
  // An answer that brings the header as we would send it says the scheme too.
  const token = typeof found === 'string' ? found.replace(/^Bearer +/i, '') : found;
  if (rule !== undefined && !isSendable(token))
    throw loginIncomplete(step, url, answer.status, 'there is no token in it where one should be');
  const now = Date.now();
  const expiresAt = expires && announcedExpiry(dottedValue(json, expires.path), expires.unit ?? 'auto', now);
  return {
    ...(isSendable(token) ? { token } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt, renewAt: renewalTime(expiresAt, now) }),
  };
};

/** Without the error of the parser, which quotes the text. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const withCsrfToken = (
  step: LoginStep,
  credentials: LoginCredentials,
  url: URL,
  { cookie, header }: { readonly cookie?: string; readonly header: string },
  { headers, status }: EgressStream,
): LoginCredentials => {
  const given = cookie === undefined ? headers[header.toLowerCase()] : credentials.csrfToken(url);
  if (!isSendable(given)) throw loginIncomplete(step, url, status, 'it gave no CSRF token');
  return credentials.withCsrfToken(cookie === undefined ? given : undefined);
};
