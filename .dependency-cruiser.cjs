/** The dependency rule of CONTRIBUTING.md "Rooms and doors", as a check: `npm run deps`. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const spec = '(\\.|-)spec\\.ts$|\\.suite\\.ts$|\\.s3\\.ts$';
const pkg = (names) => `(^|node_modules/)(${names})`;

module.exports = {
  forbidden: [
    rule('domain-is-pure', 'libs/domain decides and evolves; it imports nothing but itself.',
      { path: '^libs/domain/', pathNot: spec }, { pathNot: '^libs/domain/' }),
    rule('libs-are-strangers', 'A lib may use domain, contracts and itself; only transfers, platform, embedded and testing may combine libs.',
      { path: '^libs/(contracts|definitions|event-log|read-model|stores|identity|download|notifications|signatures)/', pathNot: [spec, '^libs/stores/src/(http|stores|configured-stores)\\.ts$'] },
      { path: '^libs/', pathNot: ['^libs/(domain|contracts)/src/index\\.ts$', '^libs/$1/'] }),
    rule('inspection-is-pure', 'libs/inspection reads bytes that others bring: no I/O, and nothing but the domain besides.',
      { path: '^libs/inspection/', pathNot: spec }, { pathNot: ['^libs/inspection/', '^libs/domain/src/index\\.ts$'] }),
    rule('http-store-downloads', 'The http store reads through libs/download: pinned connections, the operator\'s filter.',
      { path: '^libs/stores/src/(http|stores|configured-stores)\\.ts$' },
      { path: '^libs/', pathNot: ['^libs/(domain|contracts|download)/src/index\\.ts$', '^libs/stores/'] }),
    rule('transfers-combines-few', 'libs/transfers tells one story of the log, the leases, the stores and what the bytes are; nothing else may come in.',
      { path: '^libs/transfers/', pathNot: spec },
      { path: '^libs/', pathNot: ['^libs/(domain|contracts|event-log|stores|inspection|signatures)/src/index\\.ts$', '^libs/transfers/'] }),
    rule('no-lib-to-app', 'Arrows point down: apps -> libs -> domain.', { path: '^libs/' }, { path: '^apps/' }),
    rule('apps-are-strangers', 'Services talk over NATS and HTTP, never by import.',
      { path: '^apps/([^/]+)/' }, { path: '^apps/', pathNot: '^apps/$1/' }),
    rule('enter-by-the-door', 'Import a lib through its index.ts.',
      { path: '^(apps|test|libs/([^/]+))/' }, { path: '^libs/[^/]+/src/(?!index\\.ts$)', pathNot: '^libs/$2/' }),
    rule('testing-stays-in-tests', 'libs/testing is for specs.',
      { path: '^(apps|libs)/', pathNot: [spec, '^libs/testing/'] }, { path: '^libs/testing/' }),
    rule('nest-at-the-edge', 'Nest is glue: apps and libs/platform only.',
      { path: '^libs/', pathNot: '^libs/platform/' }, { path: pkg('@nestjs/|rxjs') }),
    rule('orm-in-read-model', 'Only the read model speaks ORM.',
      { pathNot: '^libs/read-model/' }, { path: pkg('@mikro-orm/') }),
    rule('s3-in-its-driver', 'The S3 client is a detail of one store.',
      { pathNot: '^libs/stores/src/s3' }, { path: pkg('minio') }),
    rule('nats-behind-the-log', 'NATS is a detail of the event log, of the platform, and of what others take home.',
      { pathNot: '^libs/(event-log|platform)/|^packages/|^test/' }, { path: pkg('@nats-io/|nats($|/)') }),
    rule('no-circular', 'A cycle means two files that are one idea.', {}, { circular: true }),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' }, tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' },
    // `types` first: `#libs/x` is the source, not what was built from it.
    enhancedResolveOptions: { extensions: ['.ts', '.js'], exportsFields: ['exports'], conditionNames: ['types', 'import', 'require', 'node', 'default'] },
  },
};
