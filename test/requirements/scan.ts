import ts from 'typescript';

export type Requirement = { readonly id: string; readonly statement: string };
export type Spec = { readonly path: string; readonly text: string };

export type Coverage = {
  readonly covered: readonly (Requirement & { readonly tests: number })[];
  readonly missing: readonly Requirement[];
  /** Ids that a title names but no row has: misspelt, or the row was removed. */
  readonly unknown: readonly { readonly id: string; readonly path: string }[];
};

const NAMED = /\[((?:[A-Z]+\d+)(?:[ ,]+[A-Z]+\d+)*)\]/g;
const TITLED = /^(it|test|describe)(\.(each|concurrent|only|failing))*$/;
const SKIPPED = /^(x(it|test|describe)\b|(it|test|describe)\b.*\.(skip|todo)\b)/;

/** The titles of tests that run. What is skipped or still to do proves nothing. */
const titlesIn = ({ path, text }: Spec): readonly string[] => {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && SKIPPED.test(calleeOf(node))) return;
    if (ts.isCallExpression(node) && TITLED.test(calleeOf(node))) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true));
  return titles;
};

/** The ids that titles of tests name: `it('hides what was sent while blocked [H14 R7]')`. */
export const idsIn = (spec: Spec): readonly string[] =>
  titlesIn(spec).flatMap((title) => [...title.matchAll(NAMED)].flatMap(([, list = '']) => list.split(/[ ,]+/)));

const OF_SETTING = /\[([a-z]+\.[A-Za-z]+)=([A-Za-z0-9,]+)\]/g;

/** The values of settings that titles name, each as `key=value`: `it('asks for a reason [block.reason=optional,required]')`. */
export const settingsIn = (spec: Spec): readonly string[] => {
  const named = (text: string): readonly string[] =>
    [...text.matchAll(OF_SETTING)].flatMap(([, key = '', values = '']) =>
      values.split(',').map((value) => `${key}=${value}`),
    );
  // Reading a file as a program takes its time, and few name any.
  return named(spec.text).length === 0 ? [] : titlesIn(spec).flatMap(named);
};

/** `it`, `it.each` of `it.each(table)(title)` and of the tagged form. */
const calleeOf = ({ expression }: ts.CallExpression): string => {
  if (ts.isCallExpression(expression)) return expression.expression.getText();
  if (ts.isTaggedTemplateExpression(expression)) return expression.tag.getText();
  return expression.getText();
};

/** Invariants of the domain are named in the same way, but are no requirements. */
const INVARIANT = /^I\d+$/;

/** Which rows the tests name. */
export const coverageOf = (requirements: readonly Requirement[], specs: readonly Spec[]): Coverage => {
  const named = specs.flatMap((spec) => idsIn(spec).map((id) => ({ id, path: spec.path })));
  const tests = (id: string): number => named.filter((name) => name.id === id).length;
  const known = new Set(requirements.map(({ id }) => id));
  return {
    covered: requirements.map((row) => ({ ...row, tests: tests(row.id) })).filter((row) => row.tests > 0),
    missing: requirements.filter(({ id }) => tests(id) === 0),
    unknown: named.filter(({ id }) => !known.has(id) && !INVARIANT.test(id)),
  };
};
