/** Every file whose name ends in `spec.ts` is a test; `scripts/test.mjs` counts that each one ran. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test', '<rootDir>/packages'],
  testMatch: ['**/*spec.ts'],
  // What hangs is ended; what is slow, on a machine that has much else to do, is not.
  testTimeout: 120_000,
  maxWorkers: 2,
  // Modules of specs that are over stay in memory: a worker that holds many of them is slow, and is replaced.
  workerIdleMemoryLimit: '500MB',
  testSequencer: '<rootDir>/scripts/test-sequencer.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      swcrc: false, module: { type: 'es6' }, sourceMaps: 'inline',
      jsc: {
        target: 'es2023', parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true }, keepClassNames: true,
      },
    }],
  },
  moduleNameMapper: { '^#libs/(.*)$': '<rootDir>/libs/$1/src/index.ts', '^(\\.{1,2}/.*)\\.js$': '$1' },
};
