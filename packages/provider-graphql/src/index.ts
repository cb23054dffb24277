export { graphqlProvider, type GraphqlSession } from './graphql-provider.ts';
