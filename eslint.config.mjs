import ts from 'typescript-eslint';

const no = (selector, message) => ({ selector, message });

/** The rules of STYLE that a tool can hold: size, complexity, promises, and the purity of the domain. */
export default ts.config(
  { ignores: ['packages/*/dist/**'] },
  {
    files: ['**/*.ts'],
    ignores: ['**/generated/**'],
    languageOptions: { parser: ts.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': ts.plugin },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 10],
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/only-throw-error': 'error',
    },
  },
  {
    files: ['**/*spec.ts', '**/*.suite.ts'],
    rules: { 'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['libs/domain/**/*.ts'],
    ignores: ['**/*spec.ts'],
    rules: {
      'no-restricted-syntax': ['error',
        no('NewExpression[callee.name="Date"][arguments.length=0]', 'The domain has no clock: take `now` from the command.'),
        no('CallExpression[callee.object.name="Date"][callee.property.name="now"]', 'The domain has no clock: take `now` from the command.'),
        no('CallExpression[callee.property.name=/^(random|randomUUID)$/]', 'The domain draws no lots: ids come with the command.'),
        no(':function[async=true]', 'The domain does not wait: decide and evolve are plain functions.'),
        no('MemberExpression[object.name="process"]', 'The domain has no environment.')],
    },
  },
);
