import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectDir } from '#libs/embedded';

const read = (...path: string[]): string => readFileSync(join(projectDir(), ...path), 'utf8');

interface Panel { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }
interface Dashboard { readonly uid: string; readonly panels: readonly Panel[]; readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] } }

const folder = 'docker/grafana/dashboards';
const dashboards = readdirSync(join(projectDir(), folder)).map((file) => [file, JSON.parse(read(folder, file)) as Dashboard] as const);

/** What docs/metrics.md names, which `npm run check` holds to be what the services export; a histogram is three series. */
const exported = new Map([...read('docs/metrics.md').matchAll(/^\| `(heliograph_\w+)` \| (\w+) \| ([^|]*)\|/gm)].flatMap(([, name = '', kind = '', labels = '']) => {
  const known = { kind, labels: new Set(['service', 'region', 'instance', 'le', ...[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)]) };
  return (kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((suffix) => [name + suffix, known] as const);
}));

const metricsIn = (expression: string): string[] => expression.match(/heliograph_\w+/g) ?? [];
const labelsIn = (expression: string): string[] => [
  ...[...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, matchers = '']) => [...matchers.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => label)),
  ...[...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim())),
];

const unknownIn = (expression: string): string[] => {
  const metrics = metricsIn(expression);
  if (metrics.length === 0) return [`no metric in ${expression}`];
  const labels = new Set(metrics.flatMap((metric) => [...(exported.get(metric)?.labels ?? [])]));
  return [...metrics.filter((metric) => !exported.has(metric)), ...labelsIn(expression).filter((label) => !labels.has(label)).map((label) => `${label} in ${expression}`)];
};

describe('What is shown and what alerts', () => {
  it('knows a metric or a label that no service exports', () => {
    expect(unknownIn('max(heliograph_projection_lag_seconds{region="$region"})')).toEqual([]);
    expect(unknownIn('max(heliograph_projection_lag_minutes)')).toEqual(['heliograph_projection_lag_minutes']);
    expect(unknownIn('sum by (colour) (heliograph_leases_held)')).toEqual(['colour in sum by (colour) (heliograph_leases_held)']);
  });

  it.each(dashboards)('asks in %s only for metrics and labels that a service exports, and says of each panel what it asks', (_, { panels, templating }) => {
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(5);
    expect(expressions.flatMap(unknownIn)).toEqual([]);
    for (const { query } of templating.list) expect(metricsIn(query).filter((metric) => !exported.has(metric))).toEqual([]);
    const variables = new Set(templating.list.map(({ name }) => `$${name}`));
    expect(expressions.flatMap((expression) => expression.match(/"\$\w+"/g) ?? []).filter((variable) => !variables.has(variable.slice(1, -1)))).toEqual([]);
  });

  it('shows every metric of our own in some dashboard', () => {
    const shown = new Set(dashboards.flatMap(([, { panels }]) => panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr)))));
    const own = [...exported.keys()].filter((name) => !/^heliograph_(process|nodejs)_|_(sum|count|bucket)$/.test(name));
    // How much the cache holds is for the day somebody sizes it.
    expect(own.filter((name) => !shown.has(name))).toEqual(['heliograph_cache_bytes', 'heliograph_cache_images', 'heliograph_projected_sequence']);
  });

  it('alerts on metrics and labels that a service exports, and says what to do', () => {
    const { groups } = parse(read('docker/prometheus/alerts.yaml')) as { groups: { rules: { alert: string; expr: string; annotations: { summary: string; action: string } }[] }[] };
    const rules = groups.flatMap(({ rules: each }) => each);
    expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
    expect(rules.filter(({ annotations: { summary, action } }) => summary.length === 0 || action.length === 0)).toEqual([]);
  });

  it('reads every service of the compose file, and the dashboards and rules that lie beside it', () => {
    const { services } = parse(read('docker/compose.yaml'), { merge: true }) as { services: Record<string, { environment?: Record<string, string>; network_mode?: string; volumes?: string[] }> };
    const { scrape_configs: [scraped] } = parse(read('docker/prometheus/prometheus.yaml')) as { scrape_configs: { static_configs: { targets: string[] }[] }[] };
    const ports = Object.entries(services).flatMap(([name, { environment, network_mode: network }]) => {
      const port = environment?.['HELIOGRAPH_HELIOGRAPH__OPERATIONS_PORT'];
      return port === undefined || name === 'log-setup' ? [] : [`${network?.replace('service:', '') ?? name}:${port}`];
    });
    expect(scraped?.static_configs.flatMap(({ targets }) => targets).toSorted()).toEqual(ports.toSorted());
    expect(services['grafana']?.volumes).toContain('./grafana/dashboards:/var/lib/grafana/dashboards:ro');
    expect((parse(read('docker/grafana/provisioning/dashboards/heliograph.yaml')) as { providers: { options: { path: string } }[] }).providers.map(({ options }) => options.path)).toEqual(['/var/lib/grafana/dashboards']);
  });
});

describe('Names of metrics', () => {
  it('follow the rules of Prometheus: counters end in _total, units are base units and stand at the end', () => {
    const own = [...exported].filter(([name]) => !/^heliograph_(process|nodejs)_/.test(name));
    expect(own.length).toBeGreaterThan(15);
    expect(own.filter(([name, { kind }]) => (kind === 'counter') !== name.endsWith('_total'))).toEqual([]);
    expect(own.filter(([name]) => !/^[a-z][a-z0-9_]*$/.test(name) || /_(ms|milliseconds|minutes|kb|mb|kib|mib|percent)(_|$)/.test(name))).toEqual([]);
  });
});
