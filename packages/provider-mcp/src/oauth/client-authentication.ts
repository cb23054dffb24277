import {
  selectClientAuthMethod,
  type AddClientAuthentication,
  type OAuthClientInformationMixed,
} from '@modelcontextprotocol/client';
import { signClientAssertion, type SigningKey } from './client-assertion.ts';

/** A client without a secret only says who it is (RFC 6749 §3.2.1). */
export function publicAuthentication(clientId: string): AddClientAuthentication {
  return (_headers, params) => params.set('client_id', clientId);
}

/** `preferred` unless the server lists what it takes and that is not among it (RFC 6749 §2.3.1). */
export function secretAuthentication(
  clientId: string,
  secret: string,
  preferred: 'basic' | 'post',
): AddClientAuthentication {
  return (headers, params, _url, metadata) => {
    const supported = metadata?.token_endpoint_auth_methods_supported;
    const takes = (method: 'basic' | 'post'): boolean => supported?.includes(`client_secret_${method}`) ?? true;
    const other = preferred === 'basic' ? 'post' : 'basic';
    // It wants to hear no secret, so it hears none.
    if (!takes(preferred) && !takes(other) && supported?.includes('none') === true) {
      params.set('client_id', clientId);
      return;
    }
    const method = !takes(preferred) && takes(other) ? other : preferred;
    if (method === 'basic') headers.set('authorization', basic(clientId, secret));
    else {
      params.set('client_id', clientId);
      params.set('client_secret', secret);
    }
  };
}

/** A signed assertion instead of a secret (RFC 7523 §2.2). */
export function assertionAuthentication(clientId: string, signingKey: SigningKey): AddClientAuthentication {
  return (_headers, params, url, metadata) => {
    const accepted = metadata?.token_endpoint_auth_signing_alg_values_supported;
    const audience = metadata?.issuer ?? String(url);
    params.set('client_id', clientId);
    params.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    params.set('client_assertion', signClientAssertion(signingKey, { clientId, audience, accepted }));
  };
}

/** As the server wants it of a client that it registered itself (RFC 7591 §2). */
export function registeredAuthentication(information: OAuthClientInformationMixed): AddClientAuthentication {
  return (headers, params, url, metadata) => {
    const { client_id: clientId, client_secret: secret } = information;
    const method = selectClientAuthMethod(information, [...(metadata?.token_endpoint_auth_methods_supported ?? [])]);
    if (method === 'none' || secret === undefined) return publicAuthentication(clientId)(headers, params, url);
    return secretAuthentication(clientId, secret, method === 'client_secret_post' ? 'post' : 'basic')(
      headers,
      params,
      url,
    );
  };
}

// Both halves are form-encoded first, which most clients forget and which matters only for unusual characters.
function basic(clientId: string, secret: string): string {
  const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString('base64')}`;
}
