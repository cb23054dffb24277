import { CapstanError } from '@capstan/provider';
import { isStatusPattern } from '../status-pattern.ts';
import type { LoginDefinition } from './login-definition.ts';

/** Whether cookies carry the session. */
export const keepsCookies = ({ cookies, token }: LoginDefinition): boolean => cookies ?? token === undefined;

/** @throws {CapstanError} MANIFEST_INVALID with all `details.problems`. */
export const checkLoginDefinition = (definition: LoginDefinition): void => {
  const problems = problemsOf(definition);
  if (problems.length > 0)
    throw new CapstanError('MANIFEST_INVALID', `The login cannot be used: ${problems.join('; ')}.`, {
      details: { problems },
    });
};

const problemsOf = (definition: LoginDefinition): string[] => {
  const { login, token, csrf, refresh, logout, expired, tokenOrigin } = definition;
  const problems: string[] = [];
  const { origin } = login.url;
  for (const [name, url] of Object.entries({ csrf: csrf?.url, refresh: refresh?.url, logout: logout?.url }))
    if (url !== undefined && url.origin !== origin)
      problems.push(`the ${name} URL has the origin ${url.origin}, and the login has ${origin}; use one origin`);
  if (/^(?:GET|HEAD)$/i.test(login.method ?? 'POST'))
    problems.push('the login method is GET or HEAD, which would put its fields into the URL; use POST');
  if (token !== undefined && (token.path === undefined) === (token.header === undefined))
    problems.push('the token needs a path or a header of the answer, and not both');
  if (tokenOrigin !== undefined && (token === undefined || URL.parse(tokenOrigin)?.origin !== tokenOrigin))
    problems.push(
      'the origin for the token must be an origin such as https://api.example.com, of a login with a token',
    );
  if (keepsCookies(definition)) {
    if (token !== undefined && tokenOrigin !== undefined && tokenOrigin !== origin)
      problems.push(`cookies of ${origin} are not sent to ${tokenOrigin}; use a token`);
  } else if (csrf?.cookie !== undefined) problems.push('a CSRF cookie needs a session that keeps cookies');
  if (csrf?.beforeLogin === true && csrf.url === undefined)
    problems.push('a CSRF token before the login needs the URL to get it from');
  for (const pattern of [...(login.successStatus ?? []), ...(expired?.status ?? [])])
    if (!isStatusPattern(pattern)) problems.push(`"${pattern}" is no status; write 200 or 2xx`);
  return problems;
};
