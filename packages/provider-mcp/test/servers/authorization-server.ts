import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen, readBody } from './http-listener.ts';

interface TestClient {
  readonly secret?: string;
  /** SPKI in PEM: the client proves itself by a signed assertion. */
  readonly publicKey?: string;
  readonly redirectUris?: readonly string[];
}

export interface AuthorizationServerOptions {
  /** Known without registering, by id. */
  readonly clients?: Readonly<Record<string, TestClient>>;
  /** Registers whoever asks. Default true. */
  readonly registration?: boolean;
  /** Takes URLs of client ID metadata documents, without reading them. Default false. */
  readonly metadataDocuments?: boolean;
  /** Seconds. Default 3600. */
  readonly expiresIn?: number;
  readonly scopesSupported?: readonly string[];
  /** RFC 9207: what `iss` of the redirect says. Default: nothing, and nothing is promised. */
  readonly iss?: 'right' | 'wrong' | 'missing';
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Answers a token request instead; undefined leaves it to the server. */
  readonly onToken?: (parameters: URLSearchParams) => { readonly status: number; readonly body: unknown } | undefined;
  /** Holds the answers to token requests back. */
  readonly beforeToken?: (parameters: URLSearchParams) => Promise<void>;
}

interface IssuedAccess {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
  readonly family: string;
}

export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string;
  /** Path and query, headers and body of every request, as text: what the server got to see. */
  readonly seen: readonly string[];
  /** The grant types of the token requests, in order. */
  readonly grants: readonly string[];
  readonly authorizations: readonly URLSearchParams[];
  readonly registrations: readonly { readonly redirect_uris?: readonly string[] }[];
  readonly revoked: readonly string[];
  /** Whether a refresh token was ever spent twice: the server then took it for theft. */
  readonly reuseDetected: boolean;
  access(token: string): IssuedAccess | undefined;
  /** Access tokens are worth nothing any more; refresh tokens still are. */
  expireAccess(): void;
  /** Nothing that was issued is worth anything any more. */
  revokeAll(): void;
  setScopes(granted: ((asked: readonly string[]) => readonly string[]) | undefined): void;
  close(): Promise<void>;
}

interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
}

/** A real authorization server, as small as can be: metadata, sign-in that agrees at once, tokens with rotation, registration, revocation. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const clients = new Map<string, TestClient>(Object.entries(options.clients ?? {}));
  const codes = new Map<string, Grant>();
  const accesses = new Map<string, IssuedAccess>();
  const refreshes = new Map<string, IssuedAccess & { spent: boolean }>();
  const seen: string[] = [];
  const grants: string[] = [];
  const authorizations: URLSearchParams[] = [];
  const registrations: { readonly redirect_uris?: readonly string[] }[] = [];
  const revoked: string[] = [];
  let reuseDetected = false;
  let grantedOf: ((asked: readonly string[]) => readonly string[]) | undefined;

  const listener = await listen(handle);
  const issuer = listener.origin;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer);
    const body = await readBody(request);
    seen.push(`${request.method} ${url.pathname}${url.search} ${JSON.stringify(request.headers)} ${body}`);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /.well-known/oauth-authorization-server':
        return json(response, 200, metadata());
      case 'GET /authorize':
        return authorize(url.searchParams, response);
      case 'POST /token':
        return token(new URLSearchParams(body), request, response);
      case 'POST /register':
        return register(JSON.parse(body) as { redirect_uris?: string[] }, response);
      case 'POST /revoke':
        revoked.push(new URLSearchParams(body).get('token') ?? '');
        return json(response, 200, {});
      default:
        return json(response, 404, { error: 'not_found' });
    }
  }

  function metadata(): unknown {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      ...(options.registration === false ? {} : { registration_endpoint: `${issuer}/register` }),
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      ...(options.metadataDocuments === true ? { client_id_metadata_document_supported: true } : {}),
      ...(options.scopesSupported === undefined ? {} : { scopes_supported: options.scopesSupported }),
      ...(options.iss === undefined ? {} : { authorization_response_iss_parameter_supported: true }),
      ...options.metadata,
    };
  }

  function register(asked: { redirect_uris?: string[] }, response: ServerResponse): void {
    registrations.push(asked);
    const clientId = `dynamic-${randomUUID()}`;
    clients.set(clientId, { redirectUris: asked.redirect_uris ?? [] });
    json(response, 201, { ...asked, client_id: clientId, token_endpoint_auth_method: 'none' });
  }

  function authorize(parameters: URLSearchParams, response: ServerResponse): void {
    authorizations.push(parameters);
    const clientId = parameters.get('client_id') ?? '';
    const redirectUri = parameters.get('redirect_uri') ?? '';
    const client =
      clients.get(clientId) ?? (options.metadataDocuments === true && clientId.startsWith('https://') ? {} : undefined);
    if (client === undefined || client.redirectUris?.includes(redirectUri) === false)
      return json(response, 400, { error: 'invalid_request' });
    const answer = new URL(redirectUri);
    const state = parameters.get('state');
    if (state !== null) answer.searchParams.set('state', state);
    if (options.iss === 'right') answer.searchParams.set('iss', issuer);
    if (options.iss === 'wrong') answer.searchParams.set('iss', 'https://attacker.example');
    if (parameters.get('code_challenge_method') === 'S256') {
      const code = randomUUID();
      codes.set(code, {
        clientId,
        redirectUri,
        challenge: parameters.get('code_challenge') ?? '',
        scopes: words(parameters.get('scope')),
        resource: parameters.get('resource') ?? undefined,
      });
      answer.searchParams.set('code', code);
    } else answer.searchParams.set('error', 'invalid_request');
    response.writeHead(302, { location: answer.href }).end();
  }

  async function token(parameters: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const grantType = parameters.get('grant_type') ?? '';
    grants.push(grantType);
    await options.beforeToken?.(parameters);
    const told = options.onToken?.(parameters);
    if (told !== undefined) return json(response, told.status, told.body);
    const clientId = authenticate(parameters, request);
    if (clientId === undefined) return json(response, 401, { error: 'invalid_client' });
    const answer =
      grantType === 'authorization_code'
        ? redeem(parameters, clientId)
        : grantType === 'refresh_token'
          ? refresh(parameters, clientId)
          : machine(parameters, clientId);
    return answer === undefined ? json(response, 400, { error: 'invalid_grant' }) : json(response, 200, answer);
  }

  function authenticate(parameters: URLSearchParams, request: IncomingMessage): string | undefined {
    const header = request.headers.authorization;
    const [id, secret] = header?.startsWith('Basic ')
      ? Buffer.from(header.slice(6), 'base64').toString().split(':').map(formDecode)
      : [parameters.get('client_id') ?? undefined, parameters.get('client_secret') ?? undefined];
    if (id === undefined) return undefined;
    const client =
      clients.get(id) ?? (id.startsWith('https://') && options.metadataDocuments === true ? {} : undefined);
    if (client === undefined) return undefined;
    if (client.publicKey !== undefined)
      return isAssertionOf(id, client.publicKey, parameters.get('client_assertion') ?? '', issuer) ? id : undefined;
    return client.secret === secret ? id : undefined;
  }

  function redeem(parameters: URLSearchParams, clientId: string): unknown {
    const code = parameters.get('code') ?? '';
    const grant = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256')
      .update(parameters.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant?.clientId !== clientId || grant.challenge !== challenge) return undefined;
    if (grant.redirectUri !== parameters.get('redirect_uri')) return undefined;
    if (grant.resource !== (parameters.get('resource') ?? undefined)) return undefined;
    return issue({ clientId, scopes: grant.scopes, resource: grant.resource, family: randomUUID() }, true);
  }

  function refresh(parameters: URLSearchParams, clientId: string): unknown {
    const kept = refreshes.get(parameters.get('refresh_token') ?? '');
    if (kept?.clientId !== clientId) return undefined;
    if (kept.spent) {
      // Somebody else has it: the whole family is worth nothing from now on.
      reuseDetected = true;
      for (const [key, other] of refreshes) if (other.family === kept.family) refreshes.delete(key);
      for (const [key, other] of accesses) if (other.family === kept.family) accesses.delete(key);
      return undefined;
    }
    kept.spent = true;
    return issue(kept, true);
  }

  function machine(parameters: URLSearchParams, clientId: string): unknown {
    const resource = parameters.get('resource') ?? undefined;
    return issue({ clientId, scopes: words(parameters.get('scope')), resource, family: randomUUID() }, false);
  }

  function issue(access: IssuedAccess, refreshable: boolean): unknown {
    const scopes = grantedOf?.(access.scopes) ?? access.scopes;
    const accessToken = `access-${randomUUID()}`;
    const refreshToken = `refresh-${randomUUID()}`;
    accesses.set(accessToken, { ...access, scopes });
    if (refreshable) refreshes.set(refreshToken, { ...access, spent: false });
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: options.expiresIn ?? 3600,
      ...(refreshable ? { refresh_token: refreshToken } : {}),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    };
  }

  return {
    issuer,
    seen,
    grants,
    authorizations,
    registrations,
    revoked,
    get reuseDetected() {
      return reuseDetected;
    },
    access: (accessToken) => accesses.get(accessToken),
    expireAccess: () => accesses.clear(),
    revokeAll: () => {
      accesses.clear();
      refreshes.clear();
    },
    setScopes: (granted) => void (grantedOf = granted),
    close: listener.close,
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

/** RFC 7523 §3: signature, issuer, subject, audience, time. */
function isAssertionOf(clientId: string, publicKey: string, assertion: string, issuer: string): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const { alg } = decode(header) as { readonly alg?: string };
  const { iss, sub, aud, exp } = decode(claims) as {
    readonly iss?: string;
    readonly sub?: string;
    readonly aud?: string;
    readonly exp?: number;
  };
  const key = createPublicKey(publicKey);
  const data = Buffer.from(`${header}.${claims}`);
  const bytes = Buffer.from(signature, 'base64url');
  const isSigned =
    alg === 'EdDSA'
      ? verify(null, data, key, bytes)
      : verify(`sha${alg?.slice(2)}`, data, alg?.startsWith('ES') ? { key, dsaEncoding: 'ieee-p1363' } : key, bytes);
  return isSigned && iss === clientId && sub === clientId && aud === issuer && (exp ?? 0) * 1000 > Date.now();
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString() || '{}');
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function words(text: string | null): readonly string[] {
  return (text ?? '').split(' ').filter((word) => word !== '');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
