import { createGraphQLError, createSchema } from 'graphql-yoga';
import type { GraphQLSchema } from 'graphql';

export const shopSdl = /* GraphQL */ `
  type Query {
    echo(text: String!): String!
    product(id: ID!): Product
    products: [Product!]!
    secret: String
    forbidden: String
    broken: String
    wrong: String!
    big(bytes: Int!): String!
  }
  type Mutation {
    rename(id: ID!, title: String!, key: String): Product
    guarded: String
  }
  type Subscription {
    ticks: Int!
  }
  type Product {
    id: ID!
    title: String!
    size: Size
    price: String
  }
  enum Size {
    SMALL
    LARGE
  }
`;

const products = [
  { id: '1', title: 'Rope', size: 'SMALL' },
  { id: '2', title: 'Anchor', size: 'LARGE' },
];

/** `onCall` hears of each root field that is resolved. */
export function shopSchema(onCall: (field: string, args: unknown) => void): GraphQLSchema {
  const field =
    <T>(name: string, resolve: (args: Readonly<Record<string, unknown>>) => T) =>
    (_root: unknown, args: Readonly<Record<string, unknown>>): T => {
      onCall(name, args);
      return resolve(args);
    };
  const refuse = (code: string): never => {
    throw createGraphQLError(`Refused, says ${code}`, { extensions: { code } });
  };
  const product = (id: unknown): (typeof products)[number] | null => products.find((each) => each.id === id) ?? null;
  return createSchema({
    typeDefs: shopSdl,
    resolvers: {
      Query: {
        echo: field('echo', ({ text }) => text),
        product: field('product', ({ id }) => product(id)),
        products: field('products', () => products),
        secret: field('secret', () => refuse('UNAUTHENTICATED')),
        forbidden: field('forbidden', () => refuse('FORBIDDEN')),
        broken: field('broken', () => refuse('BROKEN')),
        wrong: field('wrong', () => refuse('BROKEN')),
        big: field('big', ({ bytes }) => 'x'.repeat(Number(bytes))),
      },
      Mutation: {
        rename: field('rename', ({ id, title }) => ({ ...product(id), title })),
        guarded: field('guarded', () => refuse('UNAUTHENTICATED')),
      },
      Product: { price: () => refuse('NO_PRICE') },
    },
  });
}
