import type { OAuthAuthorizer, OAuthAuthorizerOptions } from './oauth/oauth-authorizer.ts';
import type { HttpAuth } from './wire/http-auth.ts';

/** An authorizer that is loaded, with the library that it stands on, by the first request that needs it: few servers want OAuth. */
export function lazyOAuth(options: OAuthAuthorizerOptions): OAuthAuthorizer {
  let loading: Promise<OAuthAuthorizer> | undefined;
  const load = async (): Promise<OAuthAuthorizer> => {
    const { createOAuthAuthorizer } = await import('./oauth/oauth-authorizer.ts');
    return createOAuthAuthorizer(options);
  };
  return {
    httpAuth(target, auth): HttpAuth {
      // One for all requests: it counts how often each was refused.
      let own: Promise<HttpAuth> | undefined;
      const loaded = (): Promise<HttpAuth> =>
        (own ??= (loading ??= load()).then((authorizer) => authorizer.httpAuth(target, auth)));
      return {
        headers: async (context, request) => (await loaded()).headers(context, request),
        refused: async (context, refusal) => (await (await loaded()).refused?.(context, refusal)) ?? false,
      };
    },
  };
}
