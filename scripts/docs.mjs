/** `npm run docs`: writes docs/options.md from the configuration of every service, and docs/inspection.md from the rules of inspection, docs/metrics.md from the metrics that the services make, docs/api-coverage.md from the contract and docs/api-coverage.json, docs/events.md from the schemas in proto/; `--check` only says whether they are current. Fails where a route is in no specification. Needs `npm run build`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventDocuments } from './docs-events.mjs';
import { projectDir } from './prepare.mjs';

const from = (path) => import(join(projectDir, 'dist', path));
const { describeOptions, ServiceConfig } = await from('libs/platform/src/index.js');
const services = {
  gateway: (await from('apps/gateway/src/config.js')).GatewayConfig,
  catalog: (await from('apps/catalog/src/config.js')).CatalogConfig,
  staging: (await from('apps/staging/src/config.js')).StagingConfig,
  importer: (await from('apps/importer/src/config.js')).ImporterConfig,
  federation: (await from('apps/federation/src/config.js')).FederationConfig,
};
const common = describeOptions(ServiceConfig);
const isCommon = ({ section, name }) => common.some((option) => option.section === section && option.name === name);

const cell = (text) => text.replaceAll('|', '\\|');
const row = ({ section, name, kind, unit, doc, required, glance, ...option }) =>
  `| \`${section}.${name}\` | ${cell(doc)} | ${cell(kind)}${unit ? `, ${unit}` : ''} | ${required ? 'must be set' : option.default === '' ? 'none' : `\`${cell(option.default)}\``} | ${glance ? 'yes' : ''} |`;
const table = (options) => ['| option | meaning | kind | default | as in Glance |', '| --- | --- | --- | --- | --- |', ...options.map(row)].join('\n');

/** A store's section has the store's name, so no configuration class can hold these; the names and defaults are those of libs/stores. */
const { s3Defaults } = await from('libs/stores/src/index.js');
const ofStore = (name, doc, kind, preset = '', more = {}) => ({ section: '<store>', name, doc, kind, unit: '', default: String(preset), required: false, glance: true, ...more });
const storeOptions = [
  ofStore('weight', 'Where several stores hold an image, it is read from the one with the highest weight that has it.', 'integer', 0),
  ofStore('filesystem_store_datadir', 'File: the directory; else a directory of the store\'s name below glance_store.filesystem_store_datadir.', 'path'),
  ofStore('filesystem_store_sync', 'File: whether bytes are on the disk before they count as stored. Off, images that were acknowledged may be lost with the power: for measurements, and for what may be lost.', 'boolean', true, { glance: false }),
  ofStore('https_ca_certificates_file', 'http: certificate authorities in PEM, instead of the well-known ones. Certificates are always verified.', 'path'),
  ofStore('s3_store_host', 'S3: the server, as http://host:port or https://host; https where it does not say.', 'url', '', { required: true }),
  ofStore('s3_store_access_key', 'S3: the access key.', 'secret', '', { required: true }),
  ofStore('s3_store_secret_key', 'S3: the secret key.', 'secret', '', { required: true }),
  ofStore('s3_store_bucket', 'S3: the bucket. It holds nothing else, and keeps no versions.', 'string', '', { required: true }),
  ofStore('s3_store_create_bucket_on_put', 'S3: whether a bucket that is not there is made at the first upload.', 'boolean', false),
  ofStore('s3_store_bucket_url_format', 'S3: path, virtual, or auto: virtual at Amazon, path elsewhere.', 'choice', s3Defaults.bucketUrlFormat),
  ofStore('s3_store_region_name', 'S3: the region that requests are signed for.', 'string', s3Defaults.regionName),
  ofStore('s3_store_large_object_chunk_size', 'S3: the size of a part.', 'integer from 5 to 1024', s3Defaults.chunkMiB, { unit: 'MiB' }),
  ofStore('s3_store_large_object_size', 'S3: data up to this size goes in one request, unless it is larger than one part.', 'integer from 1 to 5120', s3Defaults.largeObjectMiB, { unit: 'MiB' }),
  ofStore('s3_store_thread_pools', 'S3: how many parts of one upload may be on their way at once; each is held in memory.', 'integer from 1 to 64', s3Defaults.parallelParts),
];

const ofS3Source = (name, doc, kind, preset = '', more = {}) => ({ section: 'import_s3_<name>', name, doc, kind, unit: '', default: String(preset), required: false, glance: false, ...more });
const s3SourceOptions = [
  ofS3Source('allowed', 'What may be imported by this account: bucket or bucket/prefix for every project, bucket@PROJECT or bucket/prefix@PROJECT for one. A prefix is compared as it stands.', 'list', '', { required: true }),
  ...storeOptions.filter(({ name }) => ['s3_store_host', 's3_store_access_key', 's3_store_secret_key', 's3_store_bucket_url_format', 's3_store_region_name'].includes(name))
    .map((option) => ({ ...option, section: 'import_s3_<name>', glance: false, doc: `Importers alone. ${option.doc}` })),
];

const text = `# Options

Generated by \`npm run docs\` from the services' own configuration. \`section.option\` is given to \`npm start\` as
\`--set section.option=value\`, and to a service as the environment variable \`HELIOGRAPH_<SECTION>__<OPTION>\` in upper case.
Lists are separated by commas. A service names all faults of its configuration at once and does not start.

## Every service

${table(common)}

${Object.entries(services).map(([name, Config]) => `## ${name}\n\n${table(describeOptions(Config).filter((option) => !isCommon(option)))}`).join('\n\n')}

## Each store

A store that \`default.enabled_backends\` names has a section of its own name: the bucket of store \`far\` is \`far.s3_store_bucket\`, and
\`HELIOGRAPH_FAR__S3_STORE_BUCKET\` in the environment.

${table(storeOptions)}

## Each account for imports from S3

An account that \`heliograph.import_s3_sources\` names has a section of its own: what account \`library\` may be used for is \`import_s3_library.allowed\`, and
\`HELIOGRAPH_IMPORT_S3_LIBRARY__ALLOWED\` in the environment.

${table(s3SourceOptions)}
`;

const { rules } = await from('libs/inspection/src/index.js');
const inspection = `# Inspection of image data

Generated by \`npm run docs\` from the rules themselves.

Data that comes for an image in container format \`bare\`, by upload, staging or import, is looked at as it passes: its headers tell what it
is, how large the disk in it is (\`virtual_size\`), and whether it is safe to be opened by others. Recognised are qcow2 (versions 2 and 3), qcow,
qed, vmdk, vhd, vhdx, vdi, iso, gpt, mbr, luks (versions 1 and 2) and ploop; everything else is raw. Memory and time are bounded, whatever
the data says. Tables and data behind the headers are not read.

- The data must be what \`disk_format\` says, unless \`image_format.require_image_format_match\` is off: 415, or a failed import. \`raw\` may be
  anything, and then has the size of its bytes. Formats that nobody can recognise, as \`ami\`, take what is not recognised.
- Data that breaks a rule of this list is refused, also where it claims to be raw. \`image_format.gpt_safety_checks_nonfatal\` may name \`mbr\` (all
  rules of boot records) and \`gptmbr\`; \`qcow\` and \`qed\` may be added to \`image_format.disk_formats\`, and then images that say so may be that.
- What is found is an event of the image, \`ImageDataInspected\`, with the ids of the rules, and stands in its history: also where the data was
  refused.

| rule | what is wrong |
| --- | --- |
${Object.entries(rules).map(([id, meaning]) => `| \`${id}\` | ${meaning} |`).join('\n')}
`;

const { createMetrics, leaseMetrics } = await from('libs/platform/src/index.js');
const unmeasured = () => Promise.reject(new Error('only the names are asked for'));
const ofTransfers = (registry) => leaseMetrics(registry, { held: () => 0, lost: () => 0 });
const metricsOf = {
  'Every service': [],
  gateway: [(await from('apps/gateway/src/edge/metrics.js')).requestMetrics, (await from('apps/gateway/src/cache/cache.metrics.js')).cacheMetrics, ofTransfers],
  catalog: [
    (await from('apps/catalog/src/catalog.metrics.js')).createCatalogMetrics,
    (await from('apps/catalog/src/lag.metrics.js')).lagMetrics,
  ],
  staging: [ofTransfers],
  importer: [
    (registry) => from('apps/importer/src/importer.metrics.js').then(({ backlogMetrics }) => backlogMetrics(registry, { importer: unmeasured })), (await from('apps/importer/src/importer.metrics.js')).webhookMetrics, ofTransfers,
  ],
};
const everywhere = createMetrics({ service: 'docs', region: 'docs' });
async function metricRows(registry) {
  const kinds = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, type]));
  return registry.getMetricsAsArray().map(({ name, help, labelNames = [] }) => `| \`${name}\` | ${kinds.get(name)} | ${labelNames.map((label) => `\`${label}\``).join(', ')} | ${cell(help)} |`);
}
async function metricTable(makers) {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  for (const make of makers) await make(registry, { log: { extent: unmeasured }, readModel: { position: unmeasured, followerPositions: unmeasured, importsUnderWay: unmeasured } });
  return ['| metric | kind | labels | meaning |', '| --- | --- | --- | --- |', ...await metricRows(makers.length === 0 ? everywhere : registry)].join('\n');
}
const metrics = `# Metrics

Generated by \`npm run docs\` from the metrics that the services make. Each service serves its own at \`/metrics\` of \`heliograph.operations_port\`, in the text format of
Prometheus, with the labels \`service\` and \`region\` beside those named here. Units stand in the names: seconds, bytes; a commit is one message of the event log.
What several processes of a service measure of the same thing (how far the read model is behind) each of them says: take the maximum, not the sum. Where the thing
cannot be asked (NATS or PostgreSQL is away), such a metric is absent, and the others are there all the same.

\`docker/grafana/dashboards\` holds dashboards of them and \`docker/prometheus/alerts.yaml\` rules for alerts; \`docker compose -f docker/compose.yaml --profile watch up\` shows both.

${(await Promise.all(Object.entries(metricsOf).map(async ([name, makers]) => `## ${name}\n\n${await metricTable(makers)}`))).join('\n\n')}
`;

const { contract, withoutCause } = await from('apps/gateway/src/discovery/contract.js');
const { routesOf } = await from('apps/gateway/src/discovery/routes-of.js');
const { controllers } = await from('apps/gateway/src/gateway.module.js');
const answered = new Set(routesOf(controllers).map(({ method, path }) => `${method} ${path}`));
const held = JSON.parse(readFileSync(join(projectDir, 'docs/api-coverage.json'), 'utf8'));
/** The specification that holds a pair, or why there can be none. */
const holderOf = (name, status) => held[name]?.[status] ?? (withoutCause[`${name} ${status}`] === undefined ? '' : `never: ${withoutCause[`${name} ${status}`]}`);
const statusRows = (name, statuses) => statuses.map((status, index) => `| ${index === 0 ? `\`${name}\`` : ''} | ${status} | ${cell(holderOf(name, status))} |`);
const pairs = Object.entries(contract).flatMap(([name, { statuses }]) => statuses.map((status) => [name, status]));
const missing = Object.keys(contract).filter((name) => !answered.has(name) && !contract[name].statuses.includes(405));
const beyond = [...answered].filter((name) => contract[name] === undefined).toSorted();
const coverage = `# What the Image API promises, and which test holds it

Generated by \`npm run docs\` from the contract (\`apps/gateway/src/discovery/contract.ts\`), the routes of the gateway, and \`docs/api-coverage.json\`, which
\`npm run docs:coverage\` writes from a run of the API's specifications: one specification that got this answer, of those there may be several.
The same routes are described for tools at \`/openapi.json\`.

Of ${pairs.length} pairs of route and status, ${pairs.filter(([name, status]) => held[name]?.[status] !== undefined).length} are held by a specification of \`test/api\`, and ${pairs.filter(([name, status]) => held[name]?.[status] === undefined && withoutCause[`${name} ${status}`] !== undefined).length} cannot come about here, with
the reason in their row. What has neither is met by the conformance runs and system tests, or not yet. 401 is answered by every route but the open ones, and held once for all of them.

${missing.length === 0 ? '' : `Not answered yet: ${missing.map((name) => `\`${name}\``).join(', ')}.

`}| route | status | held by |
| --- | --- | --- |
${Object.entries(contract).flatMap(([name, { statuses }]) => statusRows(name, statuses)).join('\n')}

## Beyond Glance

| route | status | held by |
| --- | --- | --- |
${beyond.flatMap((name) => statusRows(name, Object.keys(held[name] ?? { '': '' }))).join('\n')}
`;

/** What nobody holds, or a specification that is there no more. */
const untried = [...answered].filter((name) => contract[name] === undefined && held[name] === undefined);
const unheld = pairs.filter(([name, status]) => holderOf(name, status) === '').map((pair) => pair.join(' '));
const gone = [...new Set(Object.values(held).flatMap(Object.values).map((holder) => holder.split(':')[0]))].filter((spec) => !existsSync(join(projectDir, spec)));
const faults = [[untried, 'is in no specification of test/api'], [unheld, 'is promised and in no specification of test/api'], [gone, 'is named in docs/api-coverage.json and not there']];
for (const [names, what] of faults) for (const name of names) {
  console.error(`${name} ${what}. Run npm run docs:coverage.`);
  process.exitCode = 1;
}

const documents = { 'docs/options.md': text, 'docs/inspection.md': inspection, 'docs/metrics.md': metrics, 'docs/api-coverage.md': coverage, ...await eventDocuments(from) };
for (const [name, content] of Object.entries(documents)) {
  const file = join(projectDir, name);
  if (!process.argv.includes('--check')) writeFileSync(file, content);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== content) {
    console.error(`${name} is not current. Run npm run docs and commit what it writes.`);
    process.exitCode = 1;
  }
}
