// What the sources say of the events' fields: the types that the compiler holds the code to, read from `Event<'Name', { … }>`.
import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

export type Field = { readonly name: string; readonly type: string; readonly optional: boolean; readonly doc: string };
export type Sources = {
  readonly fields: ReadonlyMap<string, readonly Field[]>;
  /** Types that fields name, by their names. */
  readonly named: ReadonlyMap<string, string>;
};

const bare = (text: string): string =>
  text
    .replace(/\breadonly /g, '')
    .replace(/\s+/g, ' ')
    .trim();

const docOf = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .map((doc) => (typeof doc.comment === 'string' ? doc.comment : ''))
    .join(' ')
    .replace(/\s+/g, ' ');

/** What a name of the same file stands for. */
const aliasIn = (source: ts.SourceFile, name: string): ts.TypeNode | undefined =>
  source.statements.filter(ts.isTypeAliasDeclaration).find((one) => one.name.text === name)?.type;

export const readSources = (): Sources => {
  const fields = new Map<string, readonly Field[]>();
  const named = new Map<string, string>();
  const lists = new Map<string, string>();
  for (const path of globSync('libs/*/src/**/*.ts', { exclude: (name) => name.endsWith('.spec.ts') }).sort()) {
    const text = readFileSync(path, 'utf8');
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      const isOfDomain = !/^libs\/(platform|projections|read-store|event-store|postgres|client|live)\//.test(path);
      if (ts.isTypeAliasDeclaration(node) && isOfDomain) named.set(node.name.text, bare(node.type.getText(source)));
      if (ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isAsExpression(node.initializer)) {
        const { expression } = node.initializer;
        if (ts.isArrayLiteralExpression(expression))
          lists.set(node.name.getText(source), expression.elements.map((one) => one.getText(source)).join(' | '));
      }
      if (ts.isTypeReferenceNode(node) && node.typeName.getText(source) === 'Event') {
        const [name, data] = node.typeArguments ?? [];
        const shape = data !== undefined && ts.isTypeReferenceNode(data) ? aliasIn(source, data.getText(source)) : data;
        if (name !== undefined && ts.isLiteralTypeNode(name) && shape !== undefined && ts.isTypeLiteralNode(shape))
          fields.set(
            name.getText(source).slice(1, -1),
            shape.members.filter(ts.isPropertySignature).map((member) => ({
              name: member.name.getText(source),
              type: bare(member.type?.getText(source) ?? ''),
              optional: member.questionToken !== undefined,
              doc: docOf(member),
            })),
          );
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  for (const [name, type] of named) {
    const list = /^\(typeof (\w+)\)\[number\]$/.exec(type)?.[1];
    const values = list === undefined ? undefined : lists.get(list);
    if (values !== undefined) named.set(name, values);
  }
  return { fields, named };
};

/** The named types that the texts use, and those that they use in turn, by name. */
export const typesIn = (texts: readonly string[], { named }: Sources): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const look = (text: string): void => {
    for (const [name] of text.replace(/'[^']*'/g, '').matchAll(/\b[A-Z]\w*\b/g)) {
      const type = named.get(name);
      if (type === undefined || found.has(name)) continue;
      found.set(name, type);
      look(type);
    }
  };
  texts.forEach(look);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
};
