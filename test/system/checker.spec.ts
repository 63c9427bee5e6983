import { faultsOf, type Entry, type FinalImage, type Read, type Told } from './checker.js';

/** A history from words: `n=2`, `tag`, or an action. */
const historyOf = (...words: string[]): Entry[] => words.map((word, index) => {
  const [, n] = /^n=(\d+)$/.exec(word) ?? [];
  if (n !== undefined) return { version: index + 1, action: 'ChangeImageProperties', changes: [{ name: 'n', to: n }] };
  return { version: index + 1, action: word === 'tag' ? 'AddImageTag' : word, changes: [] };
});

const told = (more: Partial<Told> = {}): Told => ({ imageId: 'i', created: 'acknowledged', changes: ['acknowledged', 'acknowledged'], tags: new Map(), reads: [], ...more });
const image = (more: Partial<FinalImage> = {}): FinalImage => ({ status: 'queued', tags: [], n: 2, ...more });
const read = (n: number, more: Partial<Read> = {}): Read => ({ client: 0, n, acknowledged: 0, sent: 2, ...more });
const good = historyOf('CreateImage', 'n=1', 'n=2');
const reads = (...all: Read[]) => faultsOf(told({ reads: all }), good, image());

describe('The checker of a history', () => {
  it('finds nothing where everything is as it was told', () => {
    expect(faultsOf(told(), good, image())).toEqual([]);
    expect(faultsOf(told({ deleted: 'acknowledged' }), historyOf('CreateImage', 'n=1', 'n=2', 'DeleteImage', 'RecordImageDataRemoved'), undefined)).toEqual([]);
    expect(faultsOf(told({ uploaded: 'acknowledged', tags: new Map([['t1', 'acknowledged']]) }), historyOf('CreateImage', 'n=1', 'tag', 'n=2', 'CompleteImageDataUpload'), image({ status: 'active', tags: ['t1'] }))).toEqual([]);
    expect(faultsOf(told({ created: 'refused', changes: [] }), [], undefined)).toEqual([]);
  });

  it('lets what nobody was told of have taken place once, late, or not at all', () => {
    const unknown = told({ changes: ['unknown', 'acknowledged'], deleted: 'unknown' });
    expect(faultsOf(unknown, historyOf('CreateImage', 'n=2'), image())).toEqual([]);
    expect(faultsOf(unknown, historyOf('CreateImage', 'n=2', 'n=1'), image({ n: 1 }))).toEqual([]);
    expect(faultsOf(unknown, historyOf('CreateImage', 'n=2', 'DeleteImage'), undefined)).toEqual([]);
  });

  it.each<[string, readonly string[], FinalImage | undefined, Partial<Told>, string]>([
    ['a lost update', ['CreateImage', 'n=2'], image(), {}, 'n=1 (acknowledged) took place 0 times'],
    ['a change that took place twice', ['CreateImage', 'n=1', 'n=1', 'n=2'], image(), {}, 'took place 2 times'],
    ['one that took place twice though nobody was told', ['CreateImage', 'n=1', 'n=1', 'n=2'], image(), { changes: ['unknown', 'acknowledged'] }, 'n=1 (unknown) took place 2 times'],
    ['a refused change that took place', ['CreateImage', 'n=1', 'n=2'], image(), { changes: ['acknowledged', 'refused'] }, 'n=2 (refused) took place 1 times'],
    ['a phantom', ['CreateImage', 'n=1', 'n=2', 'n=7'], image({ n: 7 }), {}, 'changed to 7, which nobody sent'],
    ['acknowledged changes in another order', ['CreateImage', 'n=2', 'n=1'], image({ n: 1 }), {}, 'in another order'],
    ['a change after the deletion', ['CreateImage', 'n=1', 'DeleteImage', 'n=2'], undefined, { deleted: 'acknowledged' }, 'changed after its deletion'],
    ['a lost deletion', ['CreateImage', 'n=1', 'n=2'], image(), { deleted: 'acknowledged' }, 'deleted more than once, or not'],
    ['a deletion that nobody asked for', ['CreateImage', 'n=1', 'n=2', 'DeleteImage'], undefined, {}, 'deleted more than once, or not'],
    ['an image that came back', ['CreateImage', 'n=1', 'n=2', 'DeleteImage'], image(), { deleted: 'acknowledged' }, 'there though deleted'],
    ['a lost creation', [], undefined, { changes: [] }, 'created more than once, or not'],
    ['two creations', ['CreateImage', 'CreateImage', 'n=1', 'n=2'], image(), {}, 'created more than once'],
    ['a lost upload', ['CreateImage', 'n=1', 'n=2'], image(), { uploaded: 'acknowledged' }, 'upload was completed'],
    ['an image that is active without data', ['CreateImage', 'n=1', 'n=2'], image({ status: 'active' }), {}, 'it is active'],
    ['one that stays in saving', ['CreateImage', 'n=1', 'n=2'], image({ status: 'saving' }), {}, 'it is saving'],
    ['a read model that is behind for ever', ['CreateImage', 'n=1', 'n=2'], image({ n: 1 }), {}, 'shows n=1 though the last change was to 2'],
    ['a lost tag', ['CreateImage', 'n=1', 'n=2'], image(), { tags: new Map([['t', 'acknowledged']]) }, 'a tag that was acknowledged is missing'],
    ['a tag of nobody', ['CreateImage', 'tag', 'n=1', 'n=2'], image({ tags: ['x'] }), {}, 'a tag that nobody gave'],
  ])('finds %s', (_, words, final, more, fault) => {
    expect(faultsOf(told(more), historyOf(...words), final).join('\n')).toContain(fault);
  });

  it('finds a gap in the versions', () => {
    expect(faultsOf(told(), good.map((entry) => ({ ...entry, version: entry.version === 3 ? 4 : entry.version })), image()).join()).toContain('versions are not');
  });

  it('lets reads show any state between what was acknowledged and what was sent', () => {
    expect(reads(read(0, { sent: 0 }), read(1, { sent: 1 }), read(1, { acknowledged: 1 }), read(2, { acknowledged: 1 }), read(2, { acknowledged: 2 }))).toEqual([]);
    expect(reads(read(2, { client: 1 }), read(1, { client: 2 }))).toEqual([]);
  });

  it.each<[string, Read[], string]>([
    ['a read that goes backwards for one client', [read(2), read(1)], 'n=1 after it had been shown n=2'],
    ['one that does so two reads later', [read(2), read(2), read(0)], 'n=0 after it had been shown n=2'],
    ['a read from before what was acknowledged', [read(1, { acknowledged: 2 })], 'n=1 after n=2 was acknowledged'],
    ['a read of what was never there', [read(9, { sent: 9 })], 'n=9, which it never had'],
    ['a read of what had not been sent', [read(2, { sent: 1 })], 'when only 1 changes had been sent'],
  ])('finds %s', (_, all, fault) => {
    expect(reads(...all).join('\n')).toContain(fault);
  });

  it('judges what is earlier by the history, not by the number', () => {
    const late = told({ changes: ['unknown', 'acknowledged'], reads: [read(2), read(1, { acknowledged: 2 })] });
    expect(faultsOf(late, historyOf('CreateImage', 'n=2', 'n=1'), image({ n: 1 }))).toEqual([]);
    expect(faultsOf({ ...late, reads: [read(1), read(2)] }, historyOf('CreateImage', 'n=2', 'n=1'), image({ n: 1 })).join()).toContain('n=2 after it had been shown n=1');
  });
});
