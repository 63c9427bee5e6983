import { openTarget, sealTarget, secretsAt, signedHeaders } from './webhooks.js';

const key = 'k'.repeat(32);
const target = { url: 'https://example.org/hook?token=mine', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };

describe('The target of a webhook', () => {
  it('is sealed for one webhook with the key of the operator, and opens for no other', () => {
    const sealed = sealTarget(key, 'one', target);
    expect(sealed).not.toContain('mine');
    expect(openTarget(key, 'one', sealed)).toEqual(target);
    expect([openTarget(key, 'two', sealed), openTarget('another'.repeat(8), 'one', sealed), openTarget(key, 'one', 'nonsense')]).toEqual([undefined, undefined, undefined]);
  });

  it('has the secret before for as long as that still signs', () => {
    const rotated = { ...target, former: { secret: 'whsec_b2xk', until: '2026-01-02T00:00:00.000Z' } };
    expect(secretsAt(target, new Date('2026-01-01T00:00:00Z'))).toEqual([target.secret]);
    expect(secretsAt(rotated, new Date('2026-01-01T23:59:59Z'))).toEqual([target.secret, 'whsec_b2xk']);
    expect(secretsAt(rotated, new Date('2026-01-02T00:00:00Z'))).toEqual([target.secret]);
  });

  it('is told by headers that Standard Webhooks\' own example has', () => {
    expect(signedHeaders(target.secret, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: new Date(1_614_265_330_000), body: '{"test": 2432232314}' })).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});
