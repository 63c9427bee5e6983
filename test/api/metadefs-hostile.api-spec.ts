import fc from 'fast-check';
import { faultsIn, patiently } from './busy-machine.js';
import { startApi, type Answer, type Api } from './harness.js';
import { after, nameOf, pathOf, readAll, routeOf, routes, type Model } from './metadefs-model.js';
import { isWild, kept, request, requestTo, someNamespace, type Asked, type Drawn } from './metadefs-requests.js';

/** HELIOGRAPH_HOSTILE_RUNS says how many requests, HELIOGRAPH_SEED repeats a run. */
const runs = Number(process.env['HELIOGRAPH_HOSTILE_RUNS'] ?? 600);
const seed = Number(process.env['HELIOGRAPH_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

let api: Api;
beforeAll(async () => { api = await startApi(); });
afterAll(() => api.stop());

interface Told { readonly answer: Answer; readonly isCertain: boolean }

/** A request that was asked again may have been carried out the first time. */
async function send({ who, method, path, body, headers = {} }: Asked): Promise<Told> {
  let times = 0;
  const person = api.as(who === 'garbage' ? undefined : who);
  const answer = await patiently(() => {
    times += 1;
    return person.request(method, path, { ...(body === undefined ? {} : { body }), headers: { ...headers, ...(who === 'garbage' ? { 'x-auth-token': who } : {}) } });
  }, ({ headers: told }) => told.get('retry-after'));
  return { answer, isCertain: times === 1 };
}

/** Of two who send the same one may come too late. */
function isRight({ expects, isTwice }: Asked, statuses: readonly number[]): boolean {
  if (statuses.some((status) => status >= 500)) return false;
  if (!expects) return true;
  const right = statuses.filter((status) => expects.includes(status));
  return right.length > 0 && (right.length === statuses.length || (isTwice === true && statuses.every((status) => right.includes(status) || status === 404 || status === 409)));
}

/** How often each route gave which answer. */
function tally(): { count(method: string, path: string, status: number): void; of(route: string): readonly number[]; print(): string } {
  const seen = new Map<string, Map<number, number>>();
  return {
    count(method, path, status) {
      const found = routeOf(method, path);
      if (!found) return;
      const name = nameOf(found.route);
      const statuses = seen.get(name) ?? new Map<number, number>();
      seen.set(name, statuses.set(status, (statuses.get(status) ?? 0) + 1));
    },
    of: (route) => [...seen.get(route)?.keys() ?? []],
    print: () => [...seen].toSorted().map(([route, statuses]) => `${route}: ${[...statuses].toSorted(([one], [other]) => one - other).map(([status, times]) => `${status} ${times}`).join(', ')}\n`).join(''),
  };
}

const textOf = ({ body }: Asked): string => (typeof body === 'string' ? body : JSON.stringify(body) ?? '').slice(0, 1000);
const modelAfter = (model: Model, { method, path, headers }: Asked, answer: Answer | undefined): Model => {
  const found = answer && routeOf(method, path);
  return found ? after(model, { ...found, answer, appends: headers?.['x-openstack-append'] === 'true' }) : model;
};

const complaint = (asked: Asked, statuses: readonly number[], answer: Answer | undefined): Error =>
  new Error(`${asked.method} ${asked.path} ${textOf(asked)} by ${asked.who ?? 'nobody'}: ${statuses.join(' and ')}, not ${asked.expects?.join(' or ') ?? 'below 500'}: ${answer?.text.slice(0, 1000) ?? ''}`);

/** Each route in its turn, and where there is nothing that it could be asked about, what makes something. */
function inTurn(): (drawn: Drawn, model: Model) => Asked {
  let [turn, number] = [0, 0];
  return (drawn, model) => {
    number += 1;
    const route = routes[turn % routes.length];
    const asked = route && requestTo({ route, round: Math.trunc(turn / routes.length), number }, model, drawn);
    if (asked) turn += 1;
    return asked ?? someNamespace(drawn, number);
  };
}

describe('Whatever is sent to metadata definitions', () => {
  it('is answered as it must be by what is there, never by a fault of ours, and what is refused changes nothing', async () => {
    const admin = api.as('admin');
    for (const body of [kept, { namespace: 'OS::A', visibility: 'public', objects: [{ name: 'o' }] }]) expect((await admin.post(pathOf({ of: 'spaces' }, '', ''), { body })).status).toBe(201);
    process.stderr.write(`hostile requests to metadata definitions: HELIOGRAPH_SEED=${seed} HELIOGRAPH_HOSTILE_RUNS=${runs}\n`);
    let model: Model = await readAll(admin);
    const [seen, next] = [tally(), inTurn()];
    await fc.assert(fc.asyncProperty(request, async (drawn) => {
      const asked = isWild(drawn) ? drawn : next(drawn, model);
      const told = await Promise.all((asked.isTwice ? [asked, asked] : [asked]).map(send));
      const statuses = told.map(({ answer }) => answer.status);
      for (const status of statuses) seen.count(asked.method, asked.path, status);
      // What was sent more often than it says may have been carried out and be refused then.
      const isCertain = told.every((each) => each.isCertain);
      if (!isRight(isCertain ? asked : { ...asked, expects: undefined }, statuses)) throw complaint(asked, statuses, told[0]?.answer);
      model = isCertain ? modelAfter(model, asked, told.find(({ answer }) => answer.status < 300)?.answer) : await readAll(admin);
    }), { numRuns: runs, seed, endOnFailure: true });

    process.stderr.write(seen.print());
    expect(await readAll(admin)).toEqual(model);
    // Requests that never get past the door test nothing.
    if (runs >= 600) expect(routes.map(nameOf).filter((route) => isShallow(seen.of(route)))).toEqual([]);
    expect(faultsIn(api.logged)).toEqual([]);
  }, 3_000_000);
});

const isShallow = (statuses: readonly number[]): boolean => !statuses.some((status) => status < 300) || statuses.filter((status) => status >= 400).length < 2;
