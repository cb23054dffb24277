import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf, serve, type Upstream } from '../upstream.ts';

export const password = 'correct horse\nbattery % & = staple';

export interface LoginUpstream extends Upstream {
  /** Method and path of every request. */
  readonly requests: readonly string[];
  readonly count: (request: string) => number;
  /** Ends every session on the server's side. */
  readonly killSessions: () => void;
  /** Makes every CSRF token known so far worthless. */
  readonly rotateCsrf: () => void;
  readonly lastBody: () => string;
}

const cookiesOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries((headers.cookie ?? '').split('; ').map((pair) => pair.split('=', 2) as [string, string]));

const fresh = (): string => randomBytes(12).toString('base64');

/** A site with a login page for people, sessions in cookies, and a CSRF token in a cookie and in a header. */
export const cookieSite = async (): Promise<LoginUpstream> => {
  const requests: string[] = [];
  const sessions = new Set<string>();
  let csrfToken = fresh();
  let lastBody = '';
  const answer = (request: IncomingMessage, response: ServerResponse, body: string): unknown => {
    const route = `${request.method} ${request.url}`;
    const { session = '', csrf = '' } = cookiesOf(request);
    const csrfCookie = `csrf=${encodeURIComponent(csrfToken)}; Path=/`;
    if (route === 'POST /login') {
      const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
      const given = isForm
        ? new URLSearchParams(body).get('password')
        : (JSON.parse(body) as Record<string, unknown>)['password'];
      if (given !== password) return response.writeHead(302, { location: '/sign-in?failed' }).end(`${body}`);
      const id = fresh();
      sessions.add(id);
      response.setHeader('set-cookie', [`session=${id}; Path=/; HttpOnly; Secure; SameSite=Lax`, csrfCookie]);
      return response.writeHead(isForm ? 302 : 200, isForm ? { location: '/home' } : {}).end('<html>Welcome</html>');
    }
    if (request.url === '/sign-in?required') return response.setHeader('content-type', 'text/html').end('<html>');
    if (!sessions.has(session)) return response.writeHead(302, { location: '/sign-in?required' }).end();
    if (route === 'GET /csrf')
      return response.setHeader('set-cookie', csrfCookie).setHeader('x-csrf', csrfToken).end('{}');
    if (request.method !== 'GET') {
      const isWhole = csrf === '' || decodeURIComponent(csrf) === csrfToken;
      if (request.headers['x-csrf'] !== csrfToken || !isWhole) return response.writeHead(403).end();
    }
    if (route === 'POST /logout') {
      sessions.delete(session);
      return response.setHeader('set-cookie', 'session=; Path=/; Max-Age=0').end();
    }
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ headers: request.headers }));
  };
  const upstream = await serve((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void bodyOf(request).then((body) => {
      lastBody = body;
      answer(request, response, body);
    });
  });
  return {
    ...upstream,
    requests,
    count: (route) => requests.filter((request) => request === route).length,
    killSessions: () => sessions.clear(),
    rotateCsrf: () => {
      csrfToken = fresh();
    },
    lastBody: () => lastBody,
  };
};

export interface TokenSiteOptions {
  readonly expires?: unknown;
  readonly refreshes?: boolean;
}

/** An API whose login answers with a token, in the body and in a header. */
export const tokenSite = async ({ expires, refreshes = true }: TokenSiteOptions = {}): Promise<LoginUpstream> => {
  const requests: string[] = [];
  const tokens = new Set<string>();
  let lastBody = '';
  const issue = (response: ServerResponse): unknown => {
    const token = `token-${fresh()}`;
    tokens.add(token);
    response.setHeader('x-session-token', token);
    return response.end(JSON.stringify({ data: { tokens: [{ value: token }], expires } }));
  };
  const answer = (request: IncomingMessage, response: ServerResponse, body: string): unknown => {
    const route = `${request.method} ${request.url}`;
    if (route === 'POST /login') {
      const { password: given } = JSON.parse(body) as { password?: unknown };
      // As GraphQL servers do: a refusal with 200.
      return given === password ? issue(response) : response.end(JSON.stringify({ data: { tokens: null, given } }));
    }
    const token = request.headers.authorization?.replace('Bearer ', '') ?? String(request.headers['x-token']);
    if (!tokens.has(token)) return response.writeHead(401).end(token);
    if (route === 'POST /refresh') {
      if (!refreshes) return response.writeHead(401).end();
      tokens.delete(token);
      return issue(response);
    }
    if (route === 'DELETE /login') {
      tokens.delete(token);
      return response.writeHead(204).end();
    }
    return response.end(JSON.stringify({ headers: request.headers }));
  };
  const upstream = await serve((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void bodyOf(request).then((body) => {
      lastBody = body;
      answer(request, response, body);
    });
  });
  return {
    ...upstream,
    requests,
    count: (route) => requests.filter((request) => request === route).length,
    killSessions: () => tokens.clear(),
    rotateCsrf: () => undefined,
    lastBody: () => lastBody,
  };
};
