import {
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from 'graphql';

type Field = GraphQLField<unknown, unknown>;

/** Of a union with more members nothing but the name of the member is asked for. */
const mostMembers = 20;

/**
 * The selection set for a result of `type`, with braces, or nothing for a leaf: its leaf fields and the leaf fields of its objects. Left out is
 * what is deprecated, wants an argument, is a connection, or of a type that it is within. Of a connection: its nodes and its page.
 */
export function selectFields(type: GraphQLNamedType): string {
  return isLeafType(type) ? '' : ` ${select(type, 1, new Set([type.name]))}`;
}

function select(type: GraphQLNamedType, depth: number, within: ReadonlySet<string>): string {
  if (isUnionType(type)) return braced(['__typename', ...members(type.getTypes())]);
  if (!isObjectType(type) && !isInterfaceType(type)) return braced([]);
  const fields = Object.values(type.getFields()).filter(isSelectable);
  const selected = fields.flatMap((field) => {
    const result = getNamedType(field.type);
    if (isLeafType(result)) return [field.name];
    const isOwn = isConnection(type) && (field.name === 'nodes' || field.name === 'pageInfo');
    const isLeftOut = within.has(result.name) || isConnection(result) || (isConnection(type) && !isOwn);
    if (isLeftOut || (depth === 0 && !isOwn)) return [];
    return [`${field.name} ${select(result, isOwn ? depth : depth - 1, new Set([...within, result.name]))}`];
  });
  return braced([...(isAbstractType(type) ? ['__typename'] : []), ...selected]);
}

/** Each field under a name of its own: members may have one name for what may be null here and must not be there. */
function members(types: readonly GraphQLObjectType[]): readonly string[] {
  if (types.length > mostMembers) return [];
  return types.flatMap((type) => {
    const leaves = Object.values(type.getFields())
      .filter(isSelectable)
      .filter((field) => isLeafType(getNamedType(field.type)));
    return leaves.length === 0
      ? []
      : [`... on ${type.name} ${braced(leaves.map(({ name }) => `${name}__${type.name}: ${name}`))}`];
  });
}

function isSelectable({ args, deprecationReason }: Field): boolean {
  return !deprecationReason && !args.some(isRequiredArgument);
}

/** By the rules of Relay: the name, and a page. */
export function isConnection(type: GraphQLNamedType): boolean {
  if (!isObjectType(type) || !type.name.endsWith('Connection')) return false;
  const page = type.getFields()['pageInfo'];
  return page !== undefined && isObjectType(getNullableType(page.type));
}

function braced(selections: readonly string[]): string {
  return `{ ${selections.length === 0 ? '__typename' : selections.join(' ')} }`;
}
