import ts from 'typescript';
import type { Source } from './rooms.js';

const parse = ({ path, text }: Source): ts.SourceFile => ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);

const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => {
    walk(child, visit);
  });
};

const IMPURE_MEMBERS =
  /^(Date\.now|Math\.random|performance\.now|crypto\.\w+|process\.\w+|DateTime\.(now|local|utc)|Temporal\.Now.*)$/;
const IMPURE_NAMES: ReadonlySet<string> = new Set(['randomUUID', 'setTimeout', 'setInterval', 'fetch']);
/** Of uuid only v3 and v5 derive; the others are random or read the clock. */
const RANDOM_UUIDS: ReadonlySet<string> = new Set(['v1', 'v4', 'v6', 'v7']);

/** Clock, randomness and I/O that a file uses without importing them. */
export const impurities = (source: Source): readonly string[] => {
  const found: string[] = [];
  walk(parse(source), (node) => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) {
      found.push('new Date()');
    } else if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.test(node.getText())) {
      // With arguments, utc and local make a time of numbers.
      const call = node.parent;
      const makes = ts.isCallExpression(call) && call.arguments.length > 0 && node.getText().startsWith('DateTime.');
      if (!makes) found.push(node.getText());
    } else if (ts.isCallExpression(node) && IMPURE_NAMES.has(node.expression.getText())) {
      found.push(node.expression.getText());
    } else if (
      ts.isImportSpecifier(node) &&
      RANDOM_UUIDS.has((node.propertyName ?? node.name).text) &&
      node.parent.parent.parent.moduleSpecifier.getText().includes('uuid')
    ) {
      found.push(`uuid ${(node.propertyName ?? node.name).text}`);
    }
  });
  return found;
};

export const usesProcessEnv = (source: Source): boolean => {
  if (!source.text.includes('env')) return false;
  let found = false;
  walk(parse(source), (node) => {
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'process.env') found = true;
    if (ts.isImportSpecifier(node) && (node.propertyName ?? node.name).text === 'env') found = true;
  });
  return found;
};

const ROUTES: ReadonlySet<string> = new Set(['Get', 'Post', 'Put', 'Patch', 'Delete', 'All', 'Sse', 'Head', 'Options']);

/** Routes that do not say who may call them or how they answer. */
export const routeMistakes = (source: Source): readonly string[] => {
  const found: string[] = [];
  walk(parse(source), (node) => {
    if (!ts.isMethodDeclaration(node)) return;
    const decorators = (ts.getDecorators(node) ?? []).map(({ expression }) =>
      ts.isCallExpression(expression) ? expression.expression.getText() : expression.getText(),
    );
    if (!decorators.some((name) => ROUTES.has(name))) return;
    const route = node.name.getText();
    if (!decorators.some((name) => name === 'Allow' || name === 'Public'))
      found.push(`${route} lacks @Allow or @Public`);
    if (!decorators.some((name) => name === 'Answers' || name === 'AnswersOrText' || /^Api\w*Response$/.test(name)))
      found.push(`${route} lacks @Answers`);
  });
  return found;
};
