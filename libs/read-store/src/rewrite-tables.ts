import {
  AliasNode,
  IdentifierNode,
  OperationNodeTransformer,
  SchemableIdentifierNode,
  TableNode,
  type FromNode,
  type JoinNode,
  type KyselyPlugin,
  type OperationNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
  type WithNode,
} from 'kysely';

/**
 * Lets queries name tables by their projection: `from inbox` becomes `from inbox__g3 as inbox`, so that references stay as they were written;
 * `from inbox as i` becomes `from inbox__g3 as i`. Names of common table expressions are left alone.
 * In raw SQL `sql.table('inbox')` becomes the bare table: give it an alias there.
 * `tableOf` returns the table, null for a name that is no projection; it may throw.
 */
export const rewriteTables = (tableOf: (name: string) => string | null): KyselyPlugin => ({
  transformQuery: ({ node }: PluginTransformQueryArgs): RootOperationNode => new Rewriting(tableOf).transformNode(node),
  transformResult: ({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> => Promise.resolve(result),
});

class Rewriting extends OperationNodeTransformer {
  readonly #expressions = new Set<string>();
  constructor(readonly tableOf: (name: string) => string | null) {
    super();
  }

  protected override transformWith(node: WithNode): WithNode {
    for (const { name } of node.expressions) this.#expressions.add(name.table.table.identifier.name);
    return super.transformWith(node);
  }

  protected override transformSelectQuery(
    ...[node, ...rest]: Parameters<OperationNodeTransformer['transformSelectQuery']>
  ): ReturnType<OperationNodeTransformer['transformSelectQuery']> {
    // The names of `with` must be known before `from` is seen, and `from` comes first in a node.
    for (const { name } of node.with?.expressions ?? []) this.#expressions.add(name.table.table.identifier.name);
    return super.transformSelectQuery(node, ...rest);
  }

  protected override transformFrom(
    ...[node, ...rest]: Parameters<OperationNodeTransformer['transformFrom']>
  ): FromNode {
    return super.transformFrom({ ...node, froms: node.froms.map((from) => this.#source(from)) }, ...rest);
  }

  protected override transformJoin(
    ...[node, ...rest]: Parameters<OperationNodeTransformer['transformJoin']>
  ): JoinNode {
    return super.transformJoin({ ...node, table: this.#source(node.table) }, ...rest);
  }

  protected override transformRaw(
    ...[node, ...rest]: Parameters<OperationNodeTransformer['transformRaw']>
  ): ReturnType<OperationNodeTransformer['transformRaw']> {
    const parameters = node.parameters.map((part) => (TableNode.is(part) ? (this.#renamed(part) ?? part) : part));
    return super.transformRaw({ ...node, parameters }, ...rest);
  }

  #source(node: OperationNode): OperationNode {
    if (TableNode.is(node)) {
      const renamed = this.#renamed(node);
      return renamed === null ? node : AliasNode.create(renamed, IdentifierNode.create(node.table.identifier.name));
    }
    if (AliasNode.is(node) && TableNode.is(node.node)) {
      const renamed = this.#renamed(node.node);
      return renamed === null ? node : AliasNode.create(renamed, node.alias);
    }
    return node;
  }

  #renamed(node: TableNode): TableNode | null {
    const { schema, identifier } = node.table;
    if (schema !== undefined || this.#expressions.has(identifier.name)) return null;
    const table = this.tableOf(identifier.name);
    return table === null ? null : { ...node, table: SchemableIdentifierNode.create(table) };
  }
}
