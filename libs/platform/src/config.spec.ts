import { MinLength } from 'class-validator';
import { ConfigFaults, Option, ServiceConfig, describeOptions, readConfig } from './index.js';

class KitchenConfig extends ServiceConfig {
  @Option.int('default', 'image_size_cap', { glance: true, default: 100, min: 1, max: 1000, unit: 'bytes', doc: 'The largest image.' })
  readonly imageSizeCap: number;

  @Option.float('kitchen', 'heat', { default: 0.5, doc: 'How hot.' })
  readonly heat: number;

  @Option.boolean('kitchen', 'open', { default: false, doc: 'Whether it is open.' })
  readonly open: boolean;

  @Option.list('kitchen', 'cooks', { default: [], doc: 'Who cooks.' })
  readonly cooks: readonly string[];

  @Option.choice('kitchen', 'stove', { default: 'gas', choices: ['gas', 'wood'], doc: 'What burns.' })
  readonly stove: 'gas' | 'wood';

  @Option.url('kitchen', 'supplier', { default: 'http://localhost', doc: 'Who supplies.' })
  readonly supplier: string;

  @Option.secret('kitchen', 'recipe', { doc: 'What nobody may know.' })
  @MinLength(8, { message: 'must have at least 8 characters' })
  readonly recipe: string;
}

const read = (env: Record<string, string>) => readConfig(KitchenConfig, { HELIOGRAPH_KITCHEN__RECIPE: 'long-enough', ...env });
const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(KitchenConfig, env);
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults;
    throw error;
  }
  return [];
};

describe('configuration', () => {
  it('takes the default of what is absent or empty', () => {
    expect(read({ HELIOGRAPH_KITCHEN__STOVE: '' })).toMatchObject({ imageSizeCap: 100, stove: 'gas', region: 'RegionOne', cooks: [] });
  });

  it('turns text into values of the right kind', () => {
    expect(read({
      HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP: '7', HELIOGRAPH_KITCHEN__HEAT: '1.25', HELIOGRAPH_KITCHEN__OPEN: 'True', HELIOGRAPH_KITCHEN__COOKS: 'ann, bob',
      HELIOGRAPH_HELIOGRAPH__NATS_URL: 'nats://a:1,tls://b:2',
    })).toMatchObject({ imageSizeCap: 7, heat: 1.25, open: true, cooks: ['ann', 'bob'], natsUrl: ['nats://a:1', 'tls://b:2'] });
  });

  it('names every fault at once, with the variable and what is expected', () => {
    const faults = faultsOf({
      HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP: '1001', HELIOGRAPH_KITCHEN__OPEN: 'perhaps', HELIOGRAPH_KITCHEN__STOVE: 'coal', HELIOGRAPH_KITCHEN__SUPPLIER: 'ftp://x',
      HELIOGRAPH_HELIOGRAPH__REGION: 'a.b',
    });
    expect(faults).toHaveLength(6);
    expect(faults.join('\n')).toContain('HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP is "1001"; expected a whole number from 1 to 1000.');
    expect(faults.join('\n')).toContain('HELIOGRAPH_KITCHEN__RECIPE is not set; expected a secret.');
    expect(faults.join('\n')).toContain('HELIOGRAPH_KITCHEN__STOVE is "coal"; expected one of gas, wood.');
  });

  it('applies rules of its own to a value and never repeats a secret', () => {
    const faults = faultsOf({ HELIOGRAPH_KITCHEN__RECIPE: 'salt' });
    expect(faults).toEqual(['HELIOGRAPH_KITCHEN__RECIPE: must have at least 8 characters']);
    expect(faults.join()).not.toContain('salt');
  });

  it.each(['7.5', '1e3', '0x10', ' ', 'seven', '99999999999999999'])('refuses %j as a whole number or takes it as absent', (text) => {
    const faults = faultsOf({ HELIOGRAPH_KITCHEN__RECIPE: 'long-enough', HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP: text });
    expect(faults).toHaveLength(text.trim() === '' ? 0 : 1);
  });

  it('cannot be changed once read', () => {
    expect(Object.isFrozen(read({}))).toBe(true);
  });

  it('describes its options for the manual, those of every service first', () => {
    const options = describeOptions(KitchenConfig);
    expect(options[0]).toMatchObject({ variable: 'HELIOGRAPH_HELIOGRAPH__REGION', default: 'RegionOne', required: false, glance: false });
    expect(options.find(({ name }) => name === 'image_size_cap')).toEqual({
      property: 'imageSizeCap', section: 'default', name: 'image_size_cap', variable: 'HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP', kind: 'integer', doc: 'The largest image.',
      unit: 'bytes', default: '100', required: false, glance: true,
    });
    expect(options.find(({ name }) => name === 'recipe')?.required).toBe(true);
    expect(describeOptions(ServiceConfig).some(({ section }) => section === 'kitchen')).toBe(false);
  });
});
