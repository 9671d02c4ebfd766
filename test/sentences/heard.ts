// What the program says to operators, read out of the sources: errors that speak to them, lines of the log, the command line.
import { basename } from 'node:path';
import ts from 'typescript';

/** Errors whose callers give them the whole sentence. */
const TOLD: ReadonlySet<string> = new Set([
  'ConfigurationError',
  'DataFolderError',
  'EventStoreDbMisconfigured',
  'EventStoreDbRefused',
  'EventStoreUnusable',
  'Failure',
  'NotAnExport',
  'OpsRefused',
  'PostgresUnusable',
  'ReadStoreUnusable',
  'StoreUnavailable',
]);

/** Errors whose constructor makes the sentence of what it is given. */
const TELLING: ReadonlySet<string> = new Set([
  'AppendOutcomeUnknown',
  'Busy',
  'CodeTooOld',
  'Fenced',
  'FoldFailed',
  'KeyMissing',
  'LogMissing',
  'MalformedEvent',
  'NoProjector',
  'SealBroken',
  'StreamTruncated',
  'TargetTaken',
  'TooMuchParked',
  'UnheardEvent',
  'UnknownEventType',
  'VaultMissing',
]);

/** Errors that no operator reads, each with the one who catches it. */
const CAUGHT: Readonly<Record<string, string>> = {
  DuplicateId: 'a bug, which shows its stack',
  KeyDestroyed: 'the client is told contact-erased',
  NotSent: 'the adapter of EventStoreDB',
  NotYetVisible: 'the client is told not-yet-visible',
  Problem: 'the client is told its code',
  Rebuilding: 'the client is told rebuilding',
  Refused: 'the command line, which makes a sentence of it',
  TimedOut: 'the adapter of EventStoreDB',
  UnfitRow: 'parking, which tells it as the reason of what is parked',
  Unreachable: 'the command line, which makes a sentence of it',
  WentSilent: 'the subscription, which begins again',
  WrongExpectedRevision: 'the command runner, which decides again',
};

export const isKnownError = (name: string): boolean =>
  TOLD.has(name) || TELLING.has(name) || Object.hasOwn(CAUGHT, name);

/** Calls that hand a text to one of these errors, to the log or to the end of a command. */
const CALLS: ReadonlySet<string> = new Set([
  'lack',
  'mistake',
  'mistakes.push',
  'misused',
  'this.desk.warn',
  'unable',
  'unverified',
  'warn',
  'wrong',
]);

/** Functions and tables that answer with such a text, by file and name. */
const ANSWERS: ReadonlySet<string> = new Set([
  'configuration mistakesOfAuthentication',
  'configuration mistakesOfEventStore',
  'configuration mistakesOfProjector',
  'check tlsProblems',
  'data-folder explain',
  'data-folder explainFolder',
  'database HINTS',
  'failure refusal',
  'failure sentence',
  'file-copy damageOf',
  'gatehouse readinessOf',
  'key-ring mistakeOfKeys',
  'key-ring mistakeOfLength',
  'server mistakeOf',
  'shutdown sentenceOf',
]);

export type Heard = { readonly path: string; readonly text: string };

/** A text with `…` where a value stands; null for what is none. */
const textOf = (node: ts.Node): string | null => {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return null;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
};

const fileOf = (path: string): string => basename(path, '.ts');

/** Findings of doctor: the advice stands beside them on the same line. */
const isFinding = (name: string, path: string): boolean =>
  path.startsWith('apps/ops/') && (name === 'problem' || name === 'warning');

/** The parts of a node in which everything is said to an operator. */
const spokenParts = (node: ts.Node, path: string): readonly ts.Node[] => {
  if (ts.isNewExpression(node)) return TOLD.has(node.expression.getText()) ? (node.arguments ?? []) : [];
  if (ts.isCallExpression(node)) {
    const name = node.expression.getText().replaceAll('?', '').replace(/\.$/, '');
    const [first, second] = node.arguments;
    if (name === 'super')
      return TELLING.has(ts.findAncestor(node, ts.isClassDeclaration)?.name?.text ?? '') ? node.arguments : [];
    if (isFinding(name, path)) return second === undefined ? [] : [second];
    if (/(^|\.)log$/.test(name)) return first !== undefined && LOUD.test(textOf(first) ?? '') ? node.arguments : [];
    return CALLS.has(name) || /log(ger)?\.(warn|error|fatal)$/.test(name) ? node.arguments : [];
  }
  const isNamed = ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node);
  return isNamed && ANSWERS.has(`${fileOf(path)} ${node.name?.getText() ?? ''}`) ? [node] : [];
};

const LOUD = /^(warn|error)$/;

/** Not a name, a level or a part of a sentence: at least three words of its own. */
const isSentence = (text: string): boolean =>
  (text.replaceAll('…', ' ').match(/[A-Za-z][A-Za-z_’']*/g) ?? []).length >= 3;

/** The error classes that a source declares. */
export const errorsIn = (source: string): readonly string[] =>
  [...source.matchAll(/^(?:export )?class (\w+) extends (?:Error|StoreUnavailable)\b/gm)].map(([, name = '']) => name);

/** Every sentence of a source for operators, each once, in the order of the file. */
export const heardIn = (path: string, source: string): readonly Heard[] => {
  const found = new Set<string>();
  const visit = (node: ts.Node, within: boolean): void => {
    const text = within ? textOf(node) : null;
    if (text !== null) {
      // What is put into a sentence is a part of it.
      if (isSentence(text)) found.add(text);
      return;
    }
    const parts = spokenParts(node, path);
    const isPart = within && ts.isVariableDeclaration(node);
    ts.forEachChild(node, (child) => {
      visit(child, (within && !isPart) || parts.includes(child) || parts.includes(node));
    });
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, true), false);
  return [...found].map((text) => ({ path, text }));
};

const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[.:;]*\s*$/, '')
    .trim();

/** The least share of a row that a sentence has to be, so that two words do not find themselves in any. */
const SHARE = 0.6;

/** Whether a row of the table quotes the sentence; a row that ends with ` …` quotes a beginning, one may say what stands before it. */
export const quotes = (row: string, sentence: string): boolean => {
  const said = plain(sentence);
  if (row.endsWith(' …') && said.startsWith(plain(row.slice(0, -2)))) return true;
  return plain(row).includes(said) && said.length >= SHARE * plain(row).length;
};
