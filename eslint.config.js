// @ts-check
import tseslint from 'typescript-eslint';

/** Rooms whose files without a second dot are pure (design: architecture, "A context's room"). */
const PURE_ROOMS = '{kernel,contacts,conversations,wallets,staff,settings,inbox,block-filter,audit,policies}';

export default tseslint.config(
  {
    ignores: [
      ...['dist/**', 'node_modules/**', 'data/**', 'test/bench/results/**', 'test/soak/results/**'],
      'libs/client/src/schema.ts',
      'test/bench/peers/**', // types of packages that are installed for the comparison alone; its own tsc checks it
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.build.json', './tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Facts, commands and rows are unions and plain JSON: types, as the pages have them.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Nest's modules and decorated classes are assigned as values everywhere.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // A property is how noPropertyAccessFromIndexSignature wants an index signature to be read.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // An async function without await keeps its contract: it rejects, it does not throw.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: [`libs/${PURE_ROOMS}/src/*.ts`],
    ignores: ['libs/*/src/*.*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@nestjs/*', 'node:*', '#platform', '#platform/*'],
              message: 'A file without a second dot is pure.',
            },
          ],
        },
      ],
    },
  },
  {
    // A test says what it expects of answers and doubles whose types are any; its doubles keep promises without awaiting.
    files: ['**/*.spec.ts', 'test/**/*.ts', '**/*.fixture.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/explicit-function-return-type': 'off',
    },
  },
  {
    // Nest's adapters return this and promises that need no waiting when a decorator or a reply is chained.
    files: ['test/**/*.ts', 'apps/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
