import { graphqlProvider } from '@capstan/provider-graphql';
import { type ContractOptions, providerContract } from '@capstan/provider-testkit';
import { answering, startYogaServer } from './servers/yoga-server.ts';

const token = 'contract-token-of-the-shop';
const basic = { CONTRACT_USER: 'contract-user', CONTRACT_PASSWORD: 'contract-password' };

function upstream(authorization: string, secrets: Readonly<Record<string, string>>): ContractOptions['upstream'] {
  return {
    async start() {
      const server = await startYogaServer({ authorization: () => authorization });
      return {
        stateless: true,
        environment: { ...secrets },
        tcp: {
          port: server.port,
          environment: (port) => ({ CONTRACT_URL: `http://127.0.0.1:${port}/graphql` }),
        },
        counts: () => ({ opened: 0, ended: 0, calls: server.calls.length }),
        dropSessions: async () => {},
        stop: () => server.close(),
        refusals: {
          transient: () => server.interfere(answering(503, 'busy')),
          unauthorized: () => server.interfere(answering(401, '')),
          caller: () => server.interfere(answering(403, '')),
          fatal: () => server.interfere(answering(200, '<html></html>')),
        },
      };
    },
  };
}

const shared = {
  graphql_endpoint: 'http://127.0.0.1/graphql',
  graphql_endpoint_override_env_var: 'CONTRACT_URL',
  graphql_requires_session: 'auto',
  graphql_document: 'query Echo($text: String!) { echo(text: $text) }',
};

const call: ContractOptions['call'] = {
  input: (text) => ({ text }),
  tagOf: (output) => (output as Readonly<Record<string, unknown>>)['echo'],
};

providerContract({
  name: 'GraphQL over HTTP, a bearer token',
  plugin: graphqlProvider(),
  capability: [
    { id: 'graphql.contract.echo', metadata: { ...shared, graphql_auth_env_var: 'CONTRACT_TOKEN' } },
    {
      id: 'graphql.contract.echo_aliased',
      metadata: {
        ...shared,
        graphql_document: 'query First { __typename } query Second($text: String!) { echo(text: $text) }',
        graphql_operation_name: 'Second',
        graphql_auth_env_var: 'CONTRACT_TOKEN',
      },
    },
  ],
  call,
  upstream: upstream(`Bearer ${token}`, { CONTRACT_TOKEN: token }),
});

providerContract({
  name: 'GraphQL over HTTP, user and password',
  plugin: graphqlProvider(),
  capability: {
    id: 'graphql.contract.basic',
    metadata: {
      ...shared,
      graphql_auth: 'basic',
      graphql_basic_user_env_var: 'CONTRACT_USER',
      graphql_basic_password_env_var: 'CONTRACT_PASSWORD',
    },
  },
  call,
  rounds: 10,
  upstream: upstream(`Basic ${btoa(`${basic.CONTRACT_USER}:${basic.CONTRACT_PASSWORD}`)}`, basic),
});
